{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='control') }}

select * from {{ source('declared', 'control') }}
