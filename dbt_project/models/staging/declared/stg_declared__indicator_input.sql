{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='indicator_input') }}

select * from {{ source('declared', 'indicator_input') }}
