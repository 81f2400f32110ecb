{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
select
    finding_id,
    study_id
from {{ source('declared', 'finding_study') }}
order by finding_id, study_id
