{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='price_level') }}

select * from {{ source('declared', 'price_level') }}
