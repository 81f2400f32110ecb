{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='correction_cell') }}

select * from {{ source('declared', 'correction_cell') }}
