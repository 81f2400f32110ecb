{#
  The facts that cannot be trusted, each with why: what a correction calls wrong, what lies outside what the series can
  be or far outside what is plausible, a zero where nearly everyone is far from it, and what is some hundred times more
  or less than the area's other years (a wrong unit). They are judged by what is known now, whenever they were known.
#}
with facts as (

    select * from {{ ref('int_fact__corrected') }}
    where value is not null

),

limits as (

    select * from {{ ref('stg_declared__caution_limit') }}

),

beyond as (

    select
        facts.dataset,
        facts.series_id,
        facts.area_id,
        facts.year,
        facts.sex,
        facts.known_from,
        {{ own_caution('facts.value', 'series') }} as caution
    from facts
    inner join {{ ref('stg_declared__series_limit') }} as series
        on facts.dataset = series.dataset and facts.series_id = series.series

),

-- Only areas whose years differ by so much, or that hold a zero, need a second look.
odd_keys as (

    select
        facts.dataset,
        facts.series_id,
        facts.area_id,
        facts.sex
    from facts
    cross join limits
    group by facts.dataset, facts.series_id, facts.area_id, facts.sex
    having
        max(abs(facts.value))
        > max(limits.own_years_factor) * min(case when facts.value <> 0 then abs(facts.value) end)
        or (min(abs(facts.value)) = 0 and max(abs(facts.value)) >= max(limits.zero_least))

),

centres as (

    select
        facts.dataset,
        facts.series_id,
        facts.area_id,
        facts.sex,
        {{ middle('abs(facts.value)') }} as centre,
        count(*) as years
    from odd_keys
    inner join facts
        on
            odd_keys.dataset = facts.dataset
            and odd_keys.series_id = facts.series_id
            and odd_keys.area_id = facts.area_id
            and odd_keys.sex = facts.sex
    where facts.known_to is null and facts.value <> 0
    group by facts.dataset, facts.series_id, facts.area_id, facts.sex

),

unlike as (

    select
        facts.dataset,
        facts.series_id,
        facts.area_id,
        facts.year,
        facts.sex,
        facts.known_from,
        facts.value,
        limits.zero_crowd,
        limits.zero_least
    from centres
    inner join facts
        on
            centres.dataset = facts.dataset
            and centres.series_id = facts.series_id
            and centres.area_id = facts.area_id
            and centres.sex = facts.sex
    cross join limits
    where
        centres.years >= limits.own_years_least
        and (
            (facts.value = 0 and centres.centre >= limits.zero_least)
            or (
                facts.value <> 0
                and centres.centre >= limits.own_low_least
                and abs(facts.value) * limits.own_years_factor < centres.centre
            )
            or (
                centres.centre >= limits.own_high_least
                and abs(facts.value) > centres.centre * limits.own_years_factor
            )
        )

),

zeros as (

    select distinct
        dataset,
        series_id,
        year,
        sex
    from unlike
    where value = 0

),

crowds as (

    select
        facts.dataset,
        facts.series_id,
        facts.year,
        facts.sex,
        {{ quantile('facts.value', 0.05) }} as low,
        {{ middle('facts.value') }} as centre
    from facts
    inner join zeros
        on
            facts.dataset = zeros.dataset
            and facts.series_id = zeros.series_id
            and facts.year = zeros.year
            and facts.sex = zeros.sex
    where facts.known_to is null and facts.area_id not like '00%'
    group by facts.dataset, facts.series_id, facts.year, facts.sex

),

found as (

    select
        dataset,
        series_id,
        area_id,
        year,
        sex,
        known_from,
        'known_error' as caution
    from facts
    where is_known_error

    union all

    select * from beyond
    where caution is not null

    union all

    select
        unlike.dataset,
        unlike.series_id,
        unlike.area_id,
        unlike.year,
        unlike.sex,
        unlike.known_from,
        case when unlike.value = 0 then 'zero_among_large' else 'unlike_own_years' end as caution
    from unlike
    left join crowds
        on
            unlike.dataset = crowds.dataset
            and unlike.series_id = crowds.series_id
            and unlike.year = crowds.year
            and unlike.sex = crowds.sex
    where
        unlike.value <> 0
        or (crowds.centre >= unlike.zero_least and crowds.low >= unlike.zero_crowd * crowds.centre)

),

placed as (

    select
        found.*,
        row_number() over (
            partition by
                found.dataset, found.series_id, found.area_id, found.year, found.sex, found.known_from
            order by cautions.place
        ) as place
    from found
    inner join {{ ref('stg_declared__caution') }} as cautions on found.caution = cautions.caution_id

)

select
    dataset,
    series_id,
    area_id,
    year,
    sex,
    known_from,
    caution
from placed
where place = 1
