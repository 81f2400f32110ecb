{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='indicator_not_collected') }}

select * from {{ source('declared', 'indicator_not_collected') }}
