{#
  Every row of history that a correction speaks of: whether its value is the wrong one that the correction expects
  (`is_wrong`), and, of what is known now, whether the error still stands (`stands`). A value that is expected to equal
  another series' is compared with all that was known of that one during the same time, and now with what is known of it
  now. A correction of every area leaves out units, which are of another kind.
#}
with cells as (

    select * from {{ ref('stg_declared__correction_cell') }}

),

named as (

    select
        dataset,
        series
    from cells
    union
    select
        dataset,
        expected_series as series
    from cells
    where expected_series is not null

),

facts as (

    -- The few series that matter, found before anything else is asked of them.
    select stated.*
    from {{ ref('int_fact__stated') }} as stated
    inner join named on stated.dataset = named.dataset and stated.series_id = named.series

),

areas as (

    select area_id from {{ ref('int_area__listed') }}
    where area_type <> 'unit'

),

places as (

    select
        cells.correction_id,
        areas.area_id
    from cells
    cross join areas
    where cells.area_id is null
    union
    select
        correction_id,
        area_id
    from cells
    where area_id is not null

),

concerned as (

    select
        cells.correction_id,
        facts.dataset,
        facts.series_id,
        facts.area_id,
        facts.year,
        facts.sex,
        facts.known_from,
        facts.known_to,
        facts.value,
        cells.area_id is null as is_everywhere,
        cells.action,
        cells.value as right_value,
        cells.factor,
        cells.expected_value,
        cells.expected_series,
        cells.expected_min,
        cells.expected_max
    from cells
    inner join facts
        on
            cells.dataset = facts.dataset
            and cells.series = facts.series_id
            and cells.year = facts.year
            and cells.sex = facts.sex
    inner join places
        on cells.correction_id = places.correction_id and facts.area_id = places.area_id
    where coalesce(cells.area_id, facts.area_id) = facts.area_id

),

likened as (

    select
        concerned.correction_id,
        concerned.area_id,
        concerned.year,
        concerned.sex,
        concerned.known_from,
        max(case when facts.value = concerned.value then 1 else 0 end) as is_equal,
        max(case when facts.known_to is null then facts.value end) as value_now
    from concerned
    inner join facts
        on
            concerned.dataset = facts.dataset
            and concerned.expected_series = facts.series_id
            and concerned.area_id = facts.area_id
            and concerned.year = facts.year
            and concerned.sex = facts.sex
            and facts.known_from < coalesce(concerned.known_to, cast('9999-12-31' as timestamp))
            and concerned.known_from < coalesce(facts.known_to, cast('9999-12-31' as timestamp))
    group by
        concerned.correction_id,
        concerned.area_id,
        concerned.year,
        concerned.sex,
        concerned.known_from

),

compared as (

    select
        concerned.*,
        coalesce(concerned.expected_value, likened.value_now) as expected,
        case
            when concerned.value is null then false
            when concerned.expected_series is not null then coalesce(likened.is_equal, 0) = 1
            when concerned.expected_value is not null
                then abs(concerned.value - concerned.expected_value) <= 1e-9 * abs(concerned.expected_value)
            else concerned.value between concerned.expected_min and concerned.expected_max
        end as is_wrong
    from concerned
    left join likened
        on
            concerned.correction_id = likened.correction_id
            and concerned.area_id = likened.area_id
            and concerned.year = likened.year
            and concerned.sex = likened.sex
            and concerned.known_from = likened.known_from

),

remembered as (

    select
        *,
        max(case when is_wrong then 1 else 0 end) over (
            partition by correction_id, area_id, year, sex
        ) as was_ever_wrong
    from compared

)

select
    correction_id,
    dataset,
    series_id,
    area_id,
    year,
    sex,
    known_from,
    known_to,
    action,
    value,
    expected,
    is_wrong,
    case
        when not is_wrong then null
        when action = 'override' then right_value
        when action = 'scale' then value * factor
        when action in ('flag', 'caution') then value
    end as corrected_value,
    case
        when known_to is not null then null
        when expected_series is not null then coalesce(value = expected, value is null and expected is null)
        -- An area that never gave the wrong value has nothing to mend; one that is named has to be there.
        when is_everywhere and value is null then was_ever_wrong = 0
        else is_wrong
    end as stands
from remembered
