{#
  Every weight against the nation's own value: the municipalities' numerators over their denominators, as a group's value
  is made, and what the nation has. Where municipalities lack a value, also what results if they had none of it, and what
  they would have to have. A group's value whose weight is `unexplained` carries a caution (int_group__evaluated).
#}
with indicators as (

    select * from {{ ref('stg_declared__indicator') }}
    where aggregation = 'weighted'

),

limits as (

    select weight_tolerance from {{ ref('stg_declared__caution_limit') }}

),

differences as (

    select * from {{ ref('stg_declared__weight_difference') }}

),

areas as (

    select * from {{ ref('int_area__listed') }}
    where area_type in ('municipality', 'nation')

),

dated as (

    select
        *,
        lead(known_from) over (partition by indicator_id, area_id, year, sex order by known_from) as known_to
    from {{ ref('int_indicator__evaluated') }}

),

trusted as (

    select
        dated.indicator_id,
        dated.year,
        dated.sex,
        areas.area_type,
        dated.value,
        dated.numerator,
        dated.denominator
    from dated
    inner join indicators on dated.indicator_id = indicators.indicator_id
    inner join areas on dated.area_id = areas.area_id
    where dated.known_to is null and dated.value is not null and dated.caution is null

),

municipal as (

    select
        indicator_id,
        year,
        sex,
        {{ exact_sum('numerator') }} as numerator,
        {{ exact_sum('denominator') }} as denominator,
        {{ exact_mean('value') }} as unweighted,
        cast(count(*) as integer) as municipalities,
        min(value) as lowest,
        max(value) as highest,
        max(case when value <> round(value) then 1 else 0 end) = 0 as is_rounded
    from trusted
    where area_type = 'municipality' and numerator is not null and denominator > 0
    group by indicator_id, year, sex

),

met as (

    select
        municipal.*,
        nation.value as nation,
        indicators.multiplier * municipal.numerator / municipal.denominator as weighted,
        indicators.multiplier * municipal.numerator / nullif(nation.denominator, 0) as as_if_none,
        municipal.denominator / nullif(nation.denominator, 0) as coverage,
        limits.weight_tolerance * abs(nation.value) as margin,
        case when municipal.is_rounded then 0.5 else 0 end as rounding,
        limits.weight_tolerance
    from municipal
    inner join indicators on municipal.indicator_id = indicators.indicator_id
    left join trusted as nation
        on
            municipal.indicator_id = nation.indicator_id
            and municipal.year = nation.year
            and municipal.sex = nation.sex
            and nation.area_type = 'nation'
    cross join limits

),

implied as (

    select
        *,
        (nation - weighted * coverage) / nullif(1 - coverage, 0) as of_the_others
    from met

),

declared as (

    select
        met.indicator_id,
        met.year,
        met.sex,
        min(differences.reason_sv) as reason_sv
    from met
    inner join differences
        on
            met.indicator_id = differences.indicator_id
            and met.year >= differences.first_year
            and (differences.last_year is null or met.year <= differences.last_year)
    where abs(met.weighted - met.nation) <= differences.most * abs(met.nation)
    group by met.indicator_id, met.year, met.sex

)

select
    implied.indicator_id,
    implied.year,
    implied.sex,
    implied.nation as expected,
    implied.weighted as found,
    (implied.weighted - implied.nation) / nullif(implied.nation, 0) as relative_difference,
    implied.unweighted,
    implied.as_if_none,
    implied.municipalities,
    implied.coverage,
    implied.of_the_others,
    implied.weight_tolerance as tolerance,
    case
        when implied.nation is null then 'no_national_value'
        when abs(implied.weighted - implied.nation) <= implied.margin + implied.rounding then 'agrees'
        when abs(implied.as_if_none - implied.nation) <= implied.margin then 'counted_as_none'
        when
            implied.coverage < 1
            and implied.of_the_others between implied.lowest and implied.highest
            then 'municipalities_without_value'
        when abs(implied.unweighted - implied.nation) <= 0.0001 * abs(implied.nation) then 'unweighted_mean'
        when declared.reason_sv is not null then 'declared'
        else 'unexplained'
    end as verdict,
    declared.reason_sv as declared_reason_sv
from implied
left join declared
    on
        implied.indicator_id = declared.indicator_id
        and implied.year = declared.year
        and implied.sex = declared.sex
