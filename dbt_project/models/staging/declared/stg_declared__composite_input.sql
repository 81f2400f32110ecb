{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='composite_input') }}

select * from {{ source('declared', 'composite_input') }}
