{{ config(materialized='view') }}

{{ wide_theme('kostnad') }}
