{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='quarantine') }}

select * from {{ source('declared', 'quarantine') }}
