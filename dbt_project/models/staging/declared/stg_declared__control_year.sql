{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='control_year') }}

select * from {{ source('declared', 'control_year') }}
