{{ config(materialized='view') }}

{#
  Every amount of money at current prices beside the same in the prices of the newest year of each index there is, with
  the vintage of the index. Forecasts of an index are left out.
#}
with prices as (

    select * from {{ ref('price_index').include(database=false) }}
    where not is_forecast

),

newest as (

    select
        index_id,
        max(year) as price_year
    from prices
    group by index_id

)

select
    observations.indicator_id,
    observations.area_id,
    observations.year,
    observations.sex,
    observations.value,
    observations.caution,
    own.index_id,
    newest.price_year,
    observations.value * base.value / own.value as fixed_value,
    own.value as index_value,
    base.value as index_base_value,
    greatest(own.known_from, base.known_from) as index_known_from
from {{ ref('observation').include(database=false) }} as observations
inner join {{ ref('indicator').include(database=false) }} as indicators
    on observations.indicator_id = indicators.indicator_id and indicators.unit like '%kr%'
inner join prices as own on observations.year = own.year
inner join newest on own.index_id = newest.index_id
inner join prices as base
    on
        newest.index_id = base.index_id
        and newest.price_year = base.year
        and base.issue is not distinct from own.issue
where observations.price_basis = 'löpande priser'
