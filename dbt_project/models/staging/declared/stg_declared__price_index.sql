{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='price_index') }}

select * from {{ source('declared', 'price_index') }}
