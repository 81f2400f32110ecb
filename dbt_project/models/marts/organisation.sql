{{ config(materialized='view') }}

{{ wide_theme('organisation') }}
