{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='county') }}

select * from {{ source('declared', 'county') }}
