{{ config(materialized='view') }}

{# The corrected facts, each with its caution: null for what may be trusted. #}
select
    facts.dataset,
    facts.series_id,
    facts.area_id,
    facts.year,
    facts.sex,
    facts.value,
    facts.reason,
    judged.caution,
    facts.correction_id,
    facts.known_from,
    facts.known_to,
    facts.revision,
    facts.change,
    facts.source_file_sha256
from {{ ref('int_fact__corrected') }} as facts
left join {{ ref('int_fact__judged') }} as judged
    on
        facts.dataset = judged.dataset
        and facts.series_id = judged.series_id
        and facts.area_id = judged.area_id
        and facts.year = judged.year
        and facts.sex = judged.sex
        and facts.known_from = judged.known_from
