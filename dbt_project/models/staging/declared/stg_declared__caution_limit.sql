{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='caution_limit') }}

select * from {{ source('declared', 'caution_limit') }}
