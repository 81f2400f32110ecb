{{ config(materialized='view') }}

{{ wide_theme('samverkan') }}
