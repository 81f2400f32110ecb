{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='weight_difference') }}

select * from {{ source('declared', 'weight_difference') }}
