with corrections as (

    select * from {{ ref('stg_declared__correction') }}

),

corrected as (

    select
        correction_id,
        count(*) as corrected_values
    from {{ ref('int_correction__judged') }}
    where known_to is null and is_wrong
    group by correction_id

)

select
    corrections.correction_id,
    corrections.indicators,
    corrections.dataset,
    corrections.series,
    corrections.area_id,
    corrections.years,
    corrections.sexes,
    corrections.action,
    corrections.expected,
    corrections.value,
    corrections.factor,
    corrections.reason_sv,
    corrections.reported_by,
    corrections.reported_on,
    coalesce(corrected.corrected_values, 0) as corrected_values
from corrections
left join corrected on corrections.correction_id = corrected.correction_id
order by corrections.correction_id
