{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='structure_variable') }}

select * from {{ source('declared', 'structure_variable') }}
