{{ config(materialized='chunked_table') }}

{#
  For each computed indicator, area, year and sex: the moments at which something that it is made of became known. The
  first measure of its numerator decides which areas, years and sexes there are.
#}
with inputs as (

    select * from {{ ref('stg_declared__indicator_input') }}

),

measures as (

    select * from {{ ref('int_measure__valued') }}
    where
        measure_id in (
            select inputs.measure_id from {{ ref('stg_declared__indicator_input') }} as inputs
            where {{ in_chunk('inputs.indicator_id') }}
        )

),

anchors as (

    select
        inputs.indicator_id,
        measures.area_id,
        measures.year,
        measures.sex,
        measures.known_from
    from inputs
    inner join measures on inputs.measure_id = measures.measure_id
    where inputs.is_anchor and {{ in_chunk('inputs.indicator_id') }}

),

keys as (

    select
        indicator_id,
        area_id,
        year,
        sex,
        min(known_from) as first_known
    from anchors
    group by indicator_id, area_id, year, sex

),

others as (

    select
        keys.indicator_id,
        keys.area_id,
        keys.year,
        keys.sex,
        measures.known_from
    from keys
    inner join inputs on keys.indicator_id = inputs.indicator_id and not inputs.is_anchor
    inner join measures
        on
            inputs.measure_id = measures.measure_id
            and keys.area_id = measures.area_id
            and keys.year = measures.year
            and keys.sex = measures.sex
            and keys.first_known < measures.known_from

),

prices as (

    select
        keys.indicator_id,
        keys.area_id,
        keys.year,
        keys.sex,
        price.known_from
    from keys
    inner join {{ ref('stg_declared__indicator') }} as indicators
        on keys.indicator_id = indicators.indicator_id and indicators.price_index is not null
    inner join {{ ref('int_price_index__annual') }} as price
        on
            indicators.price_index = price.index_id
            and price.year in (keys.year, indicators.price_base_year)
            and keys.first_known < price.known_from

)

-- An indicator has one anchor, so its moments are distinct; only what became known later is compared with
-- them.
select * from anchors
union all
(
    select * from others
    union
    select * from prices
    except
    select * from anchors
)
