{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='crosswalk') }}

select * from {{ source('declared', 'crosswalk') }}
