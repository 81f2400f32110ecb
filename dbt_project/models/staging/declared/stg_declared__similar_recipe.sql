{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='similar_recipe') }}

select * from {{ source('declared', 'similar_recipe') }}
