{{ config(materialized='view') }}

{#
  What the source states, in our words: a value, or the reason why there is none. What is withdrawn, suppressed, missing,
  not applicable or not collected has no value, whatever stands beside it; nor has what bears a code that nobody knows, and
  its reason tells the code. A plain value has no reason. Codes in older history are read without regard to case.
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
        when status is null or status = 'forecast' then value
    end as value,
    case
        when change = 'withdrawn' then 'withdrawn_by_source'
        when status is null then case when value is null then 'published_missing' end
        when status = 'withdrawn' then 'withdrawn_by_source'
        when status = 'suppressed' or lower(status) = 'code:suppressed' then 'suppressed_by_source'
        when status = 'missing' or lower(status) = 'code:missing' then 'published_missing'
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
