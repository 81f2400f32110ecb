{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='funding') }}

select * from {{ source('declared', 'funding') }}
