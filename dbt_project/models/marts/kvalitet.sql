{{ config(materialized='view') }}

{{ wide_theme('kvalitet') }}
