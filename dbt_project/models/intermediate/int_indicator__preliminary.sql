{#
  The years that are preliminary now: between the preliminary and the final publication, and only the period that the
  dates are for.
#}
with indicators as (

    select * from {{ source('declared', 'indicator') }}

),

kpis as (

    select * from {{ ref('stg_kolada__kpi') }}
    where known_to is null

),

run as (

    select * from {{ source('declared', 'run') }}

)

select
    indicators.indicator_id,
    kpis.publ_period as year,
    kpis.prel_publication_date,
    kpis.publication_date,
    coalesce(
        kpis.prel_publication_date <= run.as_of_date and run.as_of_date < kpis.publication_date, false
    ) as is_preliminary
from indicators
inner join kpis on indicators.dataset = 'kolada.values' and indicators.series = kpis.series_id
cross join run
