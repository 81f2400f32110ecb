{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='measure') }}

select * from {{ source('declared', 'measure') }}
