{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='series_limit') }}

select * from {{ source('declared', 'series_limit') }}
