{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='data_gap') }}

select * from {{ source('declared', 'data_gap') }}
