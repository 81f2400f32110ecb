{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='gap_item') }}

select * from {{ source('declared', 'gap_item') }}
