{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='control_total') }}

select * from {{ source('declared', 'control_total') }}
