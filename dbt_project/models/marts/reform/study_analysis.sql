{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
select
    study_id,
    analysis_id,
    method,
    is_descriptive,
    indicators,
    treated,
    excluded,
    dose,
    first_year,
    last_year,
    first_after,
    leave_out,
    assumptions_sv
from {{ source('declared', 'study_analysis') }}
order by study_id, analysis_id
