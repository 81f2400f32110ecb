{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='area_group') }}

select * from {{ source('declared', 'area_group') }}
