{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='indicator_term') }}

select * from {{ source('declared', 'indicator_term') }}
