{# Annual means of twelve months, with the history of knowledge. #}
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

)

select
    index_id,
    year,
    value,
    known_from,
    lead(known_from) over (partition by index_id, year order by known_from) as known_to
from means
