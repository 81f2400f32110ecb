{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ config(alias='poisson_limit') }}

select * from {{ source('declared', 'poisson_limit') }}
