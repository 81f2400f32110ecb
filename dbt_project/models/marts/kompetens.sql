{{ config(materialized='view') }}

{{ wide_theme('kompetens') }}
