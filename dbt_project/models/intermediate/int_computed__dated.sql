{#
  Computed values as history: a moment at which nothing came out differently, nor by another correction, is no revision.
#}
with evaluated as (

    select * from {{ ref('int_indicator__evaluated') }}
    union all
    select * from {{ ref('int_group__evaluated') }}

),

compared as (

    select
        *,
        row_number() over (partition by indicator_id, area_id, year, sex order by known_from) as place,
        lag(value) over (partition by indicator_id, area_id, year, sex order by known_from) as value_before,
        lag(numerator) over (partition by indicator_id, area_id, year, sex order by known_from)
            as numerator_before,
        lag(denominator) over (partition by indicator_id, area_id, year, sex order by known_from)
            as denominator_before,
        lag(reason) over (partition by indicator_id, area_id, year, sex order by known_from) as reason_before,
        lag(caution) over (partition by indicator_id, area_id, year, sex order by known_from)
            as caution_before,
        lag(correction_id) over (partition by indicator_id, area_id, year, sex order by known_from)
            as correction_before
    from evaluated

),

changed as (

    select * from compared
    where
        place = 1
        or value is distinct from value_before
        or numerator is distinct from numerator_before
        or denominator is distinct from denominator_before
        or reason is distinct from reason_before
        or caution is distinct from caution_before
        or correction_id is distinct from correction_before

)

select
    indicator_id,
    area_id,
    year,
    sex,
    value,
    numerator,
    denominator,
    reason,
    caution,
    correction_id,
    known_from,
    lead(known_from) over (partition by indicator_id, area_id, year, sex order by known_from) as known_to,
    cast(row_number() over (partition by indicator_id, area_id, year, sex order by known_from) as integer)
        as revision,
    case
        when place = 1 then 'new'
        when reason = 'withdrawn_by_source' then 'withdrawn'
        when reason_before = 'withdrawn_by_source' then 'restored'
        else 'revised'
    end as change,
    source_file_sha256
from changed
