{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='caution') }}

select * from {{ source('declared', 'caution') }}
