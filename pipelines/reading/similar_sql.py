"""The SQL that finds similar municipalities by variables and weights of the reader's choice.

Belongs here: the one text that the macros of a release's database, `nyckeltal similar` and the query API share. Its
arithmetic is that of the dbt models `structure_value` and `similar_area`, which compute the standard sets; a test
holds both against each other over the whole release. Does not belong here: what a reader may choose, and how an answer
is worded (`similar_choice.py`, `similar_areas.py`).

Variables are one text, `measure[:per][:log][=weight]` with commas between: `invanare:landareal:log=0.5,
tatortsgrad=0.5`. Weights are divided by the largest one, so that only their proportions count.
"""

from __future__ import annotations

import duckdb

# Every municipality and chosen variable of a year; `value` is null, with the reason, where it is not known. Only
# municipalities with all variables are standardised. {year} and {variables} are expressions.
_STRUCTURE = """
words as (
    select
        trim(split_part(word, '=', 1)) as variable,
        case when contains(word, '=') then cast(trim(split_part(word, '=', 2)) as double) else 1 end as given
    from (select unnest(string_split({variables}, ',')) as word)
    where trim(word) <> ''
),
chosen as (
    select
        variable,
        case
            when given < 0 or not isfinite(given) then error('a weight is a number of at least 0: ' || variable)
            when count(*) over (partition by variable) > 1 then error('a variable is named twice: ' || variable)
            when not regexp_full_match(variable, '\\w+(:\\w+)?(:log)?')
                then error('a variable is measure[:per][:log]: ' || variable)
            else given / nullif(max(given) over (), 0)
        end as weight,
        string_split(variable, ':') as part
    from words
),
variables as (
    select
        variable,
        weight,
        case
            when (select count(*) from measure where measure_id = part[1]) = 0
                then error('there is no measure ' || part[1])
            else part[1]
        end as measure_id,
        case when len(part) > 1 and part[2] <> 'log' then
            case
                when (select count(*) from measure where measure_id = part[2]) = 0
                    then error('there is no measure ' || part[2])
                else part[2]
            end
        end as per_measure_id,
        len(part) > 1 and part[-1] = 'log' as is_log
    from chosen
    where weight > 0
),
measures as (
    select measure_id, area_id, value, reason, caution from measure_value where sex = 'T' and year = {year}
),
told as (
    select
        variables.variable,
        variables.weight,
        areas.area_id,
        case
            when own.value is null or own.caution is not null then null
            when variables.per_measure_id is not null and (per.value is null or per.caution is not null) then null
            when per.value <= 0 or (variables.is_log and own.value <= 0) then null
            when variables.is_log then ln(own.value / coalesce(per.value, 1))
            else own.value / coalesce(per.value, 1)
        end as value,
        case
            when own.area_id is null or (variables.per_measure_id is not null and per.area_id is null)
                then 'not_published'
            when coalesce(own.caution, per.caution) is not null then coalesce(own.caution, per.caution)
            when own.value is null then coalesce(own.reason, 'missing')
            when variables.per_measure_id is not null and per.value is null then coalesce(per.reason, 'missing')
            when per.value <= 0 or (variables.is_log and own.value <= 0) then 'not_positive'
        end as missing_reason
    from variables
    cross join (select area_id from area where area_type = 'municipality') as areas
    left join measures as own on variables.measure_id = own.measure_id and areas.area_id = own.area_id
    left join measures as per on variables.per_measure_id = per.measure_id and areas.area_id = per.area_id
),
complete as (
    select area_id from told group by area_id having count(value) = count(*)
),
kept as (
    select told.* from told inner join complete on told.area_id = complete.area_id
),
means as (
    select
        variable,
        cast(sum(cast(value as decimal(28, 9))) as double) / nullif(count(value), 0) as mean_value,
        max(abs(value)) as largest
    from kept
    group by variable
),
spreads as (
    select
        kept.variable,
        means.mean_value,
        means.largest * sqrt(
            coalesce(
                cast(
                    sum(cast(power((kept.value - means.mean_value) / nullif(means.largest, 0), 2) as decimal(28, 9)))
                    as double
                ),
                0
            ) / nullif(count(*) - 1, 0)
        ) as deviation
    from kept
    inner join means on kept.variable = means.variable
    group by kept.variable, means.mean_value, means.largest
),
structure as materialized (
    select
        told.area_id,
        told.variable,
        told.weight,
        told.value,
        told.missing_reason,
        case
            when complete.area_id is not null then (told.value - spreads.mean_value) / nullif(spreads.deviation, 0)
        end as standardised,
        complete.area_id is not null as is_compared
    from told
    left join complete on told.area_id = complete.area_id
    left join spreads on told.variable = spreads.variable
)
"""
# The nearest {n} of one {area}, as the model `similar_area` has them.
_NEAREST = """
pairs as (
    select
        own.area_id,
        other.area_id as similar_area_id,
        sqrt(
            cast(
                sum(
                    cast(
                        own.weight * (own.standardised - other.standardised) * (own.standardised - other.standardised)
                        as decimal(28, 9)
                    )
                ) as double
            ) / cast(sum(cast(own.weight as decimal(28, 9))) as double)
        ) as distance
    from structure as own
    inner join structure as other on own.variable = other.variable and own.area_id < other.area_id
    where own.is_compared and other.is_compared
    group by own.area_id, other.area_id
),
both_ways as (
    select area_id, similar_area_id, distance from pairs
    union all
    select similar_area_id, area_id, distance from pairs
),
placed as (
    select
        *,
        row_number() over (partition by area_id order by distance, similar_area_id) as place,
        percent_rank() over (order by distance) as share_nearer
    from both_ways
),
nearest as (
    select
        cast(place as integer) as rank,
        similar_area_id,
        distance,
        100 * share_nearer as distance_percentile
    from placed
    where area_id = {area} and place <= {n}
)
"""
_ALL_OF_STRUCTURE = "select area_id, variable, weight, value, standardised, missing_reason from structure"
_NEIGHBOURS = """
select nearest.rank, nearest.similar_area_id, named.name, nearest.distance, nearest.distance_percentile
from nearest inner join area as named on nearest.similar_area_id = named.area_id
order by nearest.rank
"""
_CONTRIBUTIONS = """
select
    nearest.rank,
    nearest.similar_area_id,
    named.name,
    nearest.distance,
    nearest.distance_percentile,
    own.variable,
    own.weight,
    own.value,
    other.value as similar_value,
    other.standardised - own.standardised as difference,
    100 * own.weight * power(own.standardised - other.standardised, 2)
    / nullif(
        cast(
            sum(cast(own.weight * power(own.standardised - other.standardised, 2) as decimal(28, 9)))
                over (partition by nearest.rank)
            as double
        ),
        0
    ) as contribution_pct
from nearest
inner join area as named on nearest.similar_area_id = named.area_id
inner join structure as own on own.area_id = {area}
inner join structure as other on nearest.similar_area_id = other.area_id and own.variable = other.variable
order by nearest.rank, own.variable
"""


def structure(year: str, variables: str) -> str:
    """Every municipality by the chosen variables: area_id, variable, weight (largest 1), value, standardised,
    missing_reason.

    Args:
        year, variables: SQL expressions; their values are literals or names of a macro's parameters.
    """
    return f"with {_STRUCTURE.format(year=year, variables=variables)} {_ALL_OF_STRUCTURE} order by area_id, variable"


def neighbours(area: str, year: str, variables: str, n: str) -> str:
    """The nearest of one municipality: rank, similar_area_id, name, distance, distance_percentile."""
    return f"with {_found(area, year, variables, n)} {_NEIGHBOURS}"


def contributions(area: str, year: str, variables: str, n: str) -> str:
    """The nearest of one municipality, variable by variable: as `neighbours`, then variable, weight, value,
    similar_value, difference (of the similar one, in standard deviations), contribution_pct (to the squared distance).
    """
    return f"with {_found(area, year, variables, n)} {_CONTRIBUTIONS.format(area=area)}"


def _found(area: str, year: str, variables: str, n: str) -> str:
    return f"{_STRUCTURE.format(year=year, variables=variables)}, {_NEAREST.format(area=area, n=n)}"


def create_macros(con: duckdb.DuckDBPyConnection) -> None:
    """`similar_to(area, year, variables, n := 7)` and `structure_by(year, variables)`, for readers' own SQL.

    Variables of a standard set: `(select variables from similar_recipe where recipe_id = 'socioekonomi')`.
    """
    con.execute(
        "create or replace macro similar_to(of_area, of_year, by_variables, n := 7) as table "
        + neighbours("of_area", "of_year", "by_variables", "n")
    )
    con.execute(
        "create or replace macro structure_by(of_year, by_variables) as table " + structure("of_year", "by_variables")
    )
