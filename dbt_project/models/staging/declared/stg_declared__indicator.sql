{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='indicator') }}

select * from {{ source('declared', 'indicator') }}
