{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
select
    intervention_id,
    parent_id,
    title_sv,
    what_sv,
    areas,
    kind,
    status,
    success_factor,
    document_id,
    section,
    read_on
from {{ source('declared', 'intervention') }}
order by intervention_id
