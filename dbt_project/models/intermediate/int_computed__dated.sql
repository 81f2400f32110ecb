{#
  Computed values as history: a moment at which nothing came out differently (but for noise), nor by another
  correction, is no revision.
#}
with evaluated as (

    select * from {{ ref('int_indicator__evaluated') }}
    union all
    select * from {{ ref('int_group__evaluated') }}

),

followed as (

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

compared as (

    select
        *,
        {{ differs('value', 'value_before') }}
        or {{ differs('numerator', 'numerator_before') }}
        or {{ differs('denominator', 'denominator_before') }} as figures_differ
    from followed

),

changed as (

    select * from compared
    where
        place = 1
        or figures_differ
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
        when figures_differ or (correction_id is distinct from correction_before) then 'revised'
        else 'status_changed'
    end as change,
    source_file_sha256
from changed
