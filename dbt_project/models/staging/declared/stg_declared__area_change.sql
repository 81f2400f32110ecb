{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='area_change') }}

select * from {{ source('declared', 'area_change') }}
