with indicators as (

    select * from {{ ref('stg_declared__indicator') }}

),

years as (

    select
        indicator_id,
        min(year) as first_year,
        max(year) as last_year
    from {{ ref('observation') }}
    where value is not null
    group by indicator_id

),

publications as (

    select
        indicator_id,
        min(coalesce(next_prel_publication, next_publication)) as next_publication
    from {{ ref('int_indicator__preliminary') }}
    group by indicator_id

)

select
    indicators.indicator_id,
    indicators.title_sv,
    indicators.title_en,
    indicators.definition_sv,
    indicators.purpose_sv,
    indicators.theme,
    indicators.gr_area,
    indicators.success_factor,
    indicators.nara_vard_shift,
    indicators.workforce,
    indicators.unit,
    indicators.decimals,
    indicators.value_type,
    indicators.polarity,
    indicators.interval_method,
    indicators.mean_of_years,
    indicators.plausible_min,
    indicators.plausible_max,
    indicators.cost_concept,
    indicators.price_basis,
    indicators.numerator,
    indicators.denominator,
    indicators.multiplier,
    indicators.source_id,
    indicators.source_series,
    indicators.processing_level,
    indicators.attribution,
    indicators.group_attribution,
    indicators.rights,
    years.first_year,
    years.last_year,
    case when years.last_year is null then indicators.no_values_sv end as no_values_sv,
    publications.next_publication,
    indicators.series_ended,
    indicators.replaced_by,
    indicators.replaced_by_reason_sv,
    indicators.breaks,
    indicators.notes,
    indicators.definition_version,
    indicators.valid_from,
    indicators.curated
from indicators
left join years on indicators.indicator_id = years.indicator_id
left join publications on indicators.indicator_id = publications.indicator_id
order by indicators.indicator_id
