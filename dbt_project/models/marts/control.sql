select
    measured.control_id,
    controls.title_sv,
    controls.kind,
    measured.year,
    measured.area_id,
    measured.expected,
    measured.found,
    measured.relative_difference,
    controls.tolerance,
    measured.holds
from {{ ref('int_control__measured') }} as measured
inner join {{ ref('stg_declared__control') }} as controls on measured.control_id = controls.control_id
order by measured.control_id, measured.year, measured.area_id
