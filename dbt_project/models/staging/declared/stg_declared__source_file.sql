{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='source_file') }}

select * from {{ source('declared', 'source_file') }}
