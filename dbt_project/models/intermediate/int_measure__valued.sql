with measures as (

    select * from {{ ref('stg_declared__measure') }}

),

facts as (

    select * from {{ ref('int_fact__cautioned') }}

)

select
    measures.measure_id,
    facts.area_id,
    facts.year,
    facts.sex,
    facts.value,
    facts.reason,
    facts.caution,
    facts.correction_id,
    facts.known_from,
    facts.known_to,
    facts.source_file_sha256
from facts
inner join measures
    on facts.dataset = measures.dataset and facts.series_id = measures.series
