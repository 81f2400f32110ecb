{{ config(materialized='chunked_table') }}

{#
  Computed values as history: a moment at which nothing came out differently (but for noise), nor by another
  correction, is no revision. Nearly all keys have one moment only, and are not sorted for what came before it.
#}
with evaluated as (

    select * from {{ ref('int_indicator__evaluated') }}
    where {{ in_chunk('indicator_id') }}
    union all
    select * from {{ ref('int_group__evaluated') }}
    where {{ in_chunk('indicator_id') }}

),

several as (

    select
        indicator_id,
        area_id,
        year,
        sex
    from evaluated
    group by indicator_id, area_id, year, sex
    having count(*) > 1

),

of_several as (

    select evaluated.*
    from evaluated
    inner join several
        on
            evaluated.indicator_id = several.indicator_id
            and evaluated.area_id = several.area_id
            and evaluated.year = several.year
            and evaluated.sex = several.sex

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
    from of_several

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

union all

select
    evaluated.indicator_id,
    evaluated.area_id,
    evaluated.year,
    evaluated.sex,
    evaluated.value,
    evaluated.numerator,
    evaluated.denominator,
    evaluated.reason,
    evaluated.caution,
    evaluated.correction_id,
    evaluated.known_from,
    cast(null as timestamp) as known_to,
    1 as revision,
    'new' as change,
    evaluated.source_file_sha256
from evaluated
left join several
    on
        evaluated.indicator_id = several.indicator_id
        and evaluated.area_id = several.area_id
        and evaluated.year = several.year
        and evaluated.sex = several.sex
where several.indicator_id is null
