{{ config(materialized='view') }}

{# Without the name of the database, so that the view also works in a file attached under another name. #}
with observations as (

    select * from {{ ref('observation').include(database=false) }}

),

indicators as (

    select * from {{ ref('indicator').include(database=false) }}

),

areas as (

    select * from {{ ref('area').include(database=false) }}

)

select
    observations.indicator_id,
    indicators.title_sv,
    indicators.theme,
    observations.area_id,
    areas.name as area_name,
    areas.area_type,
    observations.year,
    observations.sex,
    case observations.sex when 'T' then 'Totalt' when 'K' then 'Kvinnor' else 'Män' end as sex_label,
    observations.value,
    indicators.unit,
    indicators.decimals,
    indicators.polarity,
    indicators.cost_concept,
    observations.price_basis,
    observations.numerator,
    observations.denominator,
    observations.lower_95,
    observations.upper_95,
    observations.lower_998,
    observations.upper_998,
    observations.interval_reason,
    observations.status,
    observations.missing_reason,
    observations.caution,
    observations.correction_id,
    observations.is_preliminary,
    observations.break_before,
    observations.known_from,
    case
        when areas.area_type in ('group', 'county') then 'computed'
        else indicators.processing_level
    end as processing_level,
    case
        when areas.area_type in ('group', 'county') then indicators.group_attribution
        else indicators.attribution
    end as attribution
from observations
inner join indicators on observations.indicator_id = indicators.indicator_id
inner join areas on observations.area_id = areas.area_id
