{#
  Price indices by year, with the history of knowledge: means of twelve months (KPIF), and SKR's annual indices, of which
  each new issue replaces the one before. `issue` tells which one a value is from; two issues may have different bases.
#}
with months as (

    select * from {{ ref('stg_scb__kpif') }}

),

moments as (

    select distinct
        index_id,
        year,
        known_from
    from months

),

means as (

    select
        moments.index_id,
        moments.year,
        moments.known_from,
        case when count(months.value) = 12 then {{ exact_mean('months.value') }} end as value
    from moments
    inner join months
        on
            moments.index_id = months.index_id
            and moments.year = months.year
            and {{ known_at('months', 'moments.known_from') }}
    group by moments.index_id, moments.year, moments.known_from

),

issued as (

    select
        *,
        max(issue) over (
            partition by index_id, year
            order by known_from, issue rows between unbounded preceding and current row
        ) as newest_issue
    from {{ ref('stg_skr__prisindex') }}

),

annual as (

    select
        index_id,
        year,
        value,
        false as is_forecast,
        cast(null as varchar) as issue,
        known_from
    from means
    union all
    select
        index_id,
        year,
        case when change <> 'withdrawn' then value end as value,
        is_forecast,
        issue,
        known_from
    from issued
    where issue = newest_issue

)

select
    index_id,
    year,
    value,
    is_forecast,
    issue,
    known_from,
    lead(known_from) over (partition by index_id, year order by known_from, issue) as known_to
from annual
