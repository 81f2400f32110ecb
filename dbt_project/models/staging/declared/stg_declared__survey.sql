{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='survey') }}

select * from {{ source('declared', 'survey') }}
