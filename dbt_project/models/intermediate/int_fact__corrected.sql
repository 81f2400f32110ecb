{{ config(materialized='view') }}

{#
  The facts that everything is computed of: what the source states, with the corrections of its errors. Only rows of
  history that hold the wrong value are corrected, each by itself.
#}
with facts as (

    select * from {{ ref('int_fact__stated') }}

),

corrections as (

    select * from {{ ref('int_correction__judged') }}
    where is_wrong

)

select
    facts.dataset,
    facts.series_id,
    facts.area_id,
    facts.year,
    facts.sex,
    case
        when corrections.correction_id is null then facts.value
        else corrections.corrected_value
    end as value,
    case
        when corrections.action = 'drop' then 'corrected_drop: ' || corrections.correction_id
        else facts.reason
    end as reason,
    corrections.correction_id,
    coalesce(corrections.action = 'caution', false) as is_known_error,
    facts.known_from,
    facts.known_to,
    facts.revision,
    facts.change,
    facts.source_file_sha256
from facts
left join corrections
    on
        facts.series_id = corrections.series_id
        and facts.area_id = corrections.area_id
        and facts.year = corrections.year
        and facts.sex = corrections.sex
        and facts.known_from = corrections.known_from
        and facts.dataset = corrections.dataset
