{{ config(materialized='view') }}

{# Published series that are taken as they are, without weights: their history is that of the source. #}
with indicators as (

    select * from {{ ref('stg_declared__indicator') }}
    where is_plain

),

facts as (

    select * from {{ ref('int_fact__cautioned') }}

)

select
    indicators.indicator_id,
    facts.area_id,
    facts.year,
    facts.sex,
    facts.value,
    cast(null as double) as numerator,
    cast(null as double) as denominator,
    facts.reason,
    facts.caution,
    facts.correction_id,
    facts.known_from,
    facts.known_to,
    facts.revision,
    facts.change,
    facts.source_file_sha256
from facts
inner join indicators
    on facts.dataset = indicators.dataset and facts.series_id = indicators.series
