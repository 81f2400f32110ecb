{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
select
    study_id,
    title_sv,
    question_sv,
    design_sv,
    exclusions_sv,
    caveats_sv
from {{ source('declared', 'study') }}
order by study_id
