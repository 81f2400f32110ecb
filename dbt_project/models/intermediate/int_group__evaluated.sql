{{ config(materialized='chunked_table') }}

{#
  Group values from the members' numerators and denominators: the weighted mean of rates, the sum of counts and amounts.
  A group has a value only when every member has one: a sum over some of the members is not the group's, and a share of
  nobody is no value, whatever its numerator.
#}
with indicators as (

    select * from {{ ref('stg_declared__indicator') }}
    where aggregation <> 'none'

),

members as (

    select * from {{ ref('int_area_membership__current') }}
    where is_aggregated

),

sizes as (

    select
        group_id,
        count(*) as members
    from members
    group by group_id

),

evaluated as (

    select
        *,
        lead(known_from) over (partition by indicator_id, area_id, year, sex order by known_from) as known_to
    from {{ ref('int_indicator__evaluated') }}
    where {{ in_chunk('indicator_id') }}

),

weights as (

    select * from {{ ref('int_weight__measured') }}
    where verdict in ('unexplained', 'unweighted_mean')

),

moments as (

    select distinct
        evaluated.indicator_id,
        members.group_id,
        evaluated.year,
        evaluated.sex,
        evaluated.known_from
    from evaluated
    inner join indicators on evaluated.indicator_id = indicators.indicator_id
    inner join members on evaluated.area_id = members.area_id

),

summed as (

    select
        moments.indicator_id,
        moments.group_id,
        moments.year,
        moments.sex,
        moments.known_from,
        {{ exact_sum('evaluated.numerator') }} as numerator,
        {{ exact_sum('evaluated.denominator') }} as denominator,
        count(
            case
                when
                    evaluated.value is not null
                    and (indicators.aggregation = 'sum' or evaluated.denominator is not null)
                    then evaluated.numerator
            end
        ) as present,
        max(indicators.aggregation) <> 'sum'
        and count(evaluated.denominator) = max(sizes.members)
        and sum(evaluated.denominator) = 0 as is_of_nobody,
        max(case when evaluated.reason = 'forecast' then 1 else 0 end) as has_forecast,
        count(evaluated.caution) as cautions,
        max(evaluated.correction_id) as correction_id,
        max(case when evaluated.known_from = moments.known_from then evaluated.source_file_sha256 end)
            as source_file_sha256
    from moments
    inner join indicators on moments.indicator_id = indicators.indicator_id
    inner join members on moments.group_id = members.group_id
    inner join sizes on moments.group_id = sizes.group_id
    inner join evaluated
        on
            moments.indicator_id = evaluated.indicator_id
            and members.area_id = evaluated.area_id
            and moments.year = evaluated.year
            and moments.sex = evaluated.sex
            and {{ known_at('evaluated', 'moments.known_from') }}
    group by moments.indicator_id, moments.group_id, moments.year, moments.sex, moments.known_from

)

select
    summed.indicator_id,
    summed.group_id as area_id,
    summed.year,
    summed.sex,
    summed.known_from,
    case
        when summed.present < sizes.members then null
        when indicators.aggregation = 'sum' then indicators.multiplier * summed.numerator
        else indicators.multiplier * summed.numerator / nullif(summed.denominator, 0)
    end as value,
    case when summed.present = sizes.members or summed.is_of_nobody then summed.numerator end as numerator,
    case
        when summed.present = sizes.members or summed.is_of_nobody then summed.denominator
    end as denominator,
    case
        when summed.is_of_nobody then 'denominator_is_zero'
        when summed.present < sizes.members then 'incomplete_members'
        when summed.has_forecast = 1 then 'forecast'
    end as reason,
    case
        when summed.present = sizes.members and summed.cautions > 0 then 'input_cautioned'
        when summed.present = sizes.members and weights.verdict is not null then 'weight_unreconciled'
    end as caution,
    summed.correction_id,
    summed.source_file_sha256
from summed
inner join sizes on summed.group_id = sizes.group_id
inner join indicators on summed.indicator_id = indicators.indicator_id
left join weights
    on
        summed.indicator_id = weights.indicator_id
        and summed.year = weights.year
        and summed.sex = weights.sex
