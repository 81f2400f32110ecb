{{ config(materialized='view') }}

{# The unbroken runs of each indicator that has breaks, from the first year of one to that of the next. #}
select
    indicator_id,
    year as from_year,
    lead(year) over (partition by indicator_id order by year) as to_year
from {{ ref('stg_declared__indicator_break') }}
