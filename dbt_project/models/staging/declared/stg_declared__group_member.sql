{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='group_member') }}

select * from {{ source('declared', 'group_member') }}
