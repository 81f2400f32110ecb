{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='composite') }}

select * from {{ source('declared', 'composite') }}
