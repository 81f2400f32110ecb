{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='chunk') }}

select * from {{ source('declared', 'chunk') }}
