{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='correction') }}

select * from {{ source('declared', 'correction') }}
