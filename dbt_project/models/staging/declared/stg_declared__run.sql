{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='run') }}

select * from {{ source('declared', 'run') }}
