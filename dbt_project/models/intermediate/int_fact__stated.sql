{{ config(materialized='view') }}

{#
  What the source states, in our words: a value, or the reason why there is none. What is withdrawn, suppressed, missing,
  not applicable or not collected has no value, whatever stands beside it; a value with a code that nobody knows keeps it,
  and its reason tells the code. A plain value has no reason.
#}
with facts as (

    select * from {{ ref('int_fact__unioned') }}

)

select
    dataset,
    series_id,
    area_id,
    year,
    sex,
    case
        when change = 'withdrawn' then null
        when status in ('withdrawn', 'suppressed', 'missing', 'not_applicable', 'not_collected') then null
        else value
    end as value,
    case
        when change = 'withdrawn' then 'withdrawn_by_source'
        when status is null then case when value is null then 'published_missing' end
        when status = 'withdrawn' then 'withdrawn_by_source'
        when status = 'suppressed' then 'suppressed_by_source'
        when status = 'missing' then 'published_missing'
        when status in ('not_applicable', 'not_collected') then status
        when status = 'forecast' then case when value is null then 'published_missing' else 'forecast' end
        when status like 'code:%' then 'unknown_code: ' || substr(status, 6)
        else 'unknown_code: ' || status
    end as reason,
    known_from,
    known_to,
    revision,
    change,
    source_file_sha256
from facts
