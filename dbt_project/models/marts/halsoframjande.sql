{{ config(materialized='view') }}

{{ wide_theme('halsoframjande') }}
