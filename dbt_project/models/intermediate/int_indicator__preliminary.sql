{#
  The years that are preliminary now: between the preliminary and the final publication, and only the period that the
  dates are for. What is computed from a preliminary value is preliminary.
#}
with own_series as (

    select
        indicator_id,
        dataset,
        series
    from {{ ref('stg_declared__indicator') }}
    where series is not null

),

input_series as (

    select
        inputs.indicator_id,
        measures.dataset,
        measures.series
    from {{ ref('stg_declared__indicator_input') }} as inputs
    inner join {{ ref('stg_declared__measure') }} as measures on inputs.measure_id = measures.measure_id

),

used_series as (

    select * from own_series
    union
    select * from input_series

),

kpis as (

    select * from {{ ref('stg_kolada__kpi') }}
    where known_to is null

),

run as (

    select * from {{ ref('stg_declared__run') }}

)

select
    used_series.indicator_id,
    kpis.publ_period as year,
    min(case when kpis.prel_publication_date > run.as_of_date then kpis.prel_publication_date end)
        as next_prel_publication,
    min(case when kpis.publication_date > run.as_of_date then kpis.publication_date end) as next_publication,
    max(
        case
            when kpis.prel_publication_date <= run.as_of_date and run.as_of_date < kpis.publication_date
                then 1
            else 0
        end
    ) = 1 as is_preliminary
from used_series
inner join kpis
    on used_series.dataset in ('kolada.values', 'kolada.other_values') and used_series.series = kpis.series_id
cross join run
group by used_series.indicator_id, kpis.publ_period
