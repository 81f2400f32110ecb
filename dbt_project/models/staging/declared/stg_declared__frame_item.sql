{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='frame_item') }}

select * from {{ source('declared', 'frame_item') }}
