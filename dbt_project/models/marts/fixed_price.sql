{{ config(materialized='view') }}

{#
  Every amount of money at current prices beside the same by each index that there is, with the vintage of the index: in
  the prices of the one year that all fixed prices of a release are told in. Forecasts of an index are left out.
#}
with prices as (

    select * from {{ ref('price_index').include(database=false) }}
    where not is_forecast

)

select
    observations.indicator_id,
    observations.area_id,
    observations.year,
    observations.sex,
    observations.value,
    observations.caution,
    own.index_id,
    base.year as price_year,
    observations.value * (base.value / own.value) as fixed_value,
    own.value as index_value,
    base.value as index_base_value,
    greatest(own.known_from, base.known_from) as index_known_from,
    'fasta priser, ' || base.year || ' års prisnivå (' || upper(base.index_id) || ')' as price_basis
from {{ ref('observation').include(database=false) }} as observations
inner join {{ ref('indicator').include(database=false) }} as indicators
    on observations.indicator_id = indicators.indicator_id and indicators.unit like '%kr%'
inner join prices as own on observations.year = own.year
inner join prices as base
    on
        own.index_id = base.index_id
        and base.is_price_level
        and base.issue is not distinct from own.issue
where observations.price_basis = 'löpande priser'
