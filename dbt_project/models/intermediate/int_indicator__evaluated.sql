{{ config(materialized='chunked_table') }}

{#
  Value, numerator and denominator of every computed indicator at each of its moments: sums of terms, where a term is a
  coefficient, or a coefficient times one or two measures. One missing measure makes the whole missing. `hindrance` ranks
  what is said of the measures: 3 one is suppressed, 2 withdrawn, 1 a forecast, 0 nothing of the kind.
#}
with moments as (

    select * from {{ ref('int_moment__listed') }}
    where {{ in_chunk('indicator_id') }}

),

terms as (

    select * from {{ ref('stg_declared__indicator_term') }}

),

measures as (

    select * from {{ ref('int_measure__valued') }}
    where
        measure_id in (
            select terms.measure_a from terms
            where {{ in_chunk('terms.indicator_id') }}
            union all
            select terms.measure_b from terms
            where {{ in_chunk('terms.indicator_id') }}
        )

),

indicators as (

    select * from {{ ref('stg_declared__indicator') }}

),

valued as (

    select
        moments.indicator_id,
        moments.area_id,
        moments.year,
        moments.sex,
        moments.known_from,
        terms.part,
        terms.coefficient
        * case when terms.measure_a is null then 1 else a.value end
        * case when terms.measure_b is null then 1 else b.value end as value,
        case when a.known_from = moments.known_from then a.source_file_sha256 end as sha_a,
        case when b.known_from = moments.known_from then b.source_file_sha256 end as sha_b,
        a.reason,
        a.caution as caution_a,
        coalesce(a.caution, b.caution) as caution,
        coalesce(a.correction_id, b.correction_id) as correction_id,
        case
            when 'suppressed_by_source' in (a.reason, b.reason) then 3
            when 'withdrawn_by_source' in (a.reason, b.reason) then 2
            when 'forecast' in (a.reason, b.reason) then 1
            else 0
        end as hindrance
    from moments
    inner join terms on moments.indicator_id = terms.indicator_id
    left join measures as a
        on
            terms.measure_a = a.measure_id
            and moments.area_id = a.area_id
            and moments.year = a.year
            and moments.sex = a.sex
            and {{ known_at('a', 'moments.known_from') }}
    left join measures as b
        on
            terms.measure_b = b.measure_id
            and moments.area_id = b.area_id
            and moments.year = b.year
            and moments.sex = b.sex
            and {{ known_at('b', 'moments.known_from') }}

),

parts as (

    select
        indicator_id,
        area_id,
        year,
        sex,
        known_from,
        -- A published value is one term and stays as it is, to its last decimal; sums are made exact.
        max(case when part = 'value' then value end) as value,
        {% for part in ['numerator', 'denominator', 'covered', 'whole'] -%}
        case
            when
                count(case when part = '{{ part }}' then 1 end)
                = count(case when part = '{{ part }}' then value end)
                then {{ exact_sum("case when part = '" ~ part ~ "' then value end") }}
        end as {{ part }},
        {% endfor -%}
        max(case when part = 'value' then 1 else 0 end) as has_value,
        max(case when part = 'denominator' then 1 else 0 end) as has_denominator,
        max(case when part = 'value' then reason end) as own_reason,
        max(case when part = 'value' then caution_a end) as own_caution,
        count(caution) as cautions,
        max(hindrance) as hindrance,
        max(correction_id) as correction_id,
        max(coalesce(sha_a, sha_b)) as source_file_sha256
    from valued
    group by indicator_id, area_id, year, sex, known_from

),

adjusted as (

    -- Where a side speaks of too few it is not set beside the other; of nearly all, it is brought to all.
    select
        parts.*,
        parts.covered / nullif(parts.whole, 0) as coverage,
        indicators.coverage_adjusts is not null
        and coalesce(parts.covered / nullif(parts.whole, 0), 0) < indicators.coverage_least as is_thin,
        case
            when indicators.coverage_adjusts = 'numerator'
                then least(1, nullif(parts.covered, 0) / nullif(parts.whole, 0))
            else 1
        end as numerator_share,
        case
            when indicators.coverage_adjusts = 'denominator'
                then least(1, nullif(parts.covered, 0) / nullif(parts.whole, 0))
            else 1
        end as denominator_share,
        indicators.coverage_adjusts
    from parts
    inner join indicators on parts.indicator_id = indicators.indicator_id

),

deflators as (

    select
        parts.indicator_id,
        parts.area_id,
        parts.year,
        parts.sex,
        parts.known_from,
        base.value / own.value as factor
    from parts
    inner join indicators
        on parts.indicator_id = indicators.indicator_id and indicators.price_index is not null
    inner join {{ ref('int_price_index__annual') }} as base
        on
            indicators.price_index = base.index_id
            and indicators.price_base_year = base.year
            and {{ known_at('base', 'parts.known_from') }}
    inner join {{ ref('int_price_index__annual') }} as own
        on
            indicators.price_index = own.index_id
            and parts.year = own.year
            and base.issue is not distinct from own.issue
            and {{ known_at('own', 'parts.known_from') }}

),

priced as (

    select
        parts.indicator_id,
        parts.area_id,
        parts.year,
        parts.sex,
        parts.known_from,
        parts.has_value,
        parts.has_denominator,
        parts.own_reason,
        parts.own_caution,
        parts.cautions,
        parts.hindrance,
        parts.correction_id,
        parts.source_file_sha256,
        parts.coverage_adjusts,
        parts.coverage,
        parts.is_thin,
        -- A published figure is kept, but where nobody at all stands behind it there is none.
        parts.is_thin
        and (parts.coverage_adjusts <> 'none' or coalesce(parts.covered = 0, false)) as is_refused,
        indicators.multiplier,
        parts.value as published,
        parts.value * case when indicators.price_index is null then 1 else deflators.factor end as value,
        parts.numerator / parts.numerator_share
        * case when indicators.price_index is null then 1 else deflators.factor end as numerator,
        parts.denominator / parts.denominator_share as denominator,
        indicators.value_type,
        indicators.aggregation,
        indicators.possible_min,
        indicators.possible_max,
        indicators.beyond_min,
        indicators.beyond_max,
        case when indicators.price_index is null then 1 else deflators.factor end as price_factor
    from adjusted as parts
    inner join indicators on parts.indicator_id = indicators.indicator_id
    left join deflators
        on
            parts.indicator_id = deflators.indicator_id
            and parts.area_id = deflators.area_id
            and parts.year = deflators.year
            and parts.sex = deflators.sex
            and parts.known_from = deflators.known_from

),

computed as (

    select
        *,
        case
            when is_refused then null
            when has_value = 1 then value
            when has_denominator = 0 then multiplier * numerator
            else multiplier * numerator / nullif(denominator, 0)
        end as result
    from priced

),

-- Judged in the prices of its own year. A published value has been judged as a fact.
judged as (

    select
        *,
        case
            when has_value = 1 and published is null then null
            when has_value = 1 and own_caution is not null then own_caution
            when is_thin and coverage is not null then 'low_coverage'
            when has_value = 1 or result is null then null
            else {{ own_caution('result / price_factor', '', 'area_id') }}
        end as caution
    from computed

)

select
    indicator_id,
    area_id,
    year,
    sex,
    known_from,
    result as value,
    case when not is_refused then numerator end as numerator,
    case when has_denominator = 1 and not is_refused then denominator end as denominator,
    case
        when has_value = 1 and published is null then coalesce(own_reason, 'input_missing')
        when is_refused and coverage is not null then 'low_coverage'
        when has_value = 1 and result is null then 'input_missing'
        when has_value = 1 then own_reason
        when result is not null then case when hindrance = 1 then 'forecast' end
        when hindrance = 3 then 'input_suppressed'
        when hindrance = 2 then 'withdrawn_by_source'
        when is_refused and not (numerator is null and denominator is null) then 'coverage_unknown'
        when has_denominator = 1 and denominator = 0 then 'denominator_is_zero'
        else 'input_missing'
    end as reason,
    coalesce(caution, case when result is not null and cautions > 0 then 'input_cautioned' end) as caution,
    correction_id,
    source_file_sha256
from judged
