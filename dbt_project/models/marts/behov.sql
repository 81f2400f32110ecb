{{ config(materialized='view') }}

{{ wide_theme('behov') }}
