{#
  What changed against the release before: the value that was known when that release was made, beside the value known
  now. A value that differs by noise only has not changed. The first release has nothing to compare with, so it has no revisions.
#}
with vintages as (

    select * from {{ ref('observation_vintage') }}

),

run as (

    select * from {{ ref('stg_declared__run') }}
    where previous_knowledge_until is not null

),

now_known as (

    select vintages.*
    from vintages
    cross join run
    where vintages.known_to is null and vintages.known_from > run.previous_knowledge_until

),

known_before as (

    select vintages.*
    from vintages
    cross join run
    where {{ known_at('vintages', 'run.previous_knowledge_until') }}

)

select
    now_known.indicator_id,
    now_known.area_id,
    now_known.year,
    now_known.sex,
    known_before.value as old_value,
    now_known.value as new_value,
    case
        when known_before.indicator_id is null then 'new'
        when now_known.status = 'withdrawn' then 'withdrawn'
        when known_before.status = 'withdrawn' then 'restored'
        when {{ differs('now_known.value', 'known_before.value') }} then 'revised'
        else 'status_changed'
    end as change,
    now_known.known_from
from now_known
left join known_before
    on
        now_known.indicator_id = known_before.indicator_id
        and now_known.area_id = known_before.area_id
        and now_known.year = known_before.year
        and now_known.sex = known_before.sex
where
    known_before.indicator_id is null
    or {{ differs('now_known.value', 'known_before.value') }}
    or now_known.status <> known_before.status
order by now_known.indicator_id, now_known.area_id, now_known.sex, now_known.year
