{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='indicator_break') }}

select * from {{ source('declared', 'indicator_break') }}
