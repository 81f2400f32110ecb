{# The newest values of the measures of formulas and weights, so that a reader can compute by hand. #}
select
    valued.measure_id,
    valued.area_id,
    valued.year,
    valued.sex,
    valued.value,
    valued.reason,
    valued.caution,
    valued.known_from
from {{ ref('int_measure__valued') }} as valued
inner join {{ ref('stg_declared__measure') }} as measures on valued.measure_id = measures.measure_id
where valued.known_to is null and measures.title_sv is not null
order by valued.measure_id, valued.area_id, valued.sex, valued.year
