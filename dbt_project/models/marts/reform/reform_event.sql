{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
select
    event_id,
    title_sv,
    what_sv,
    decided_by,
    areas,
    organisations,
    earliest,
    latest,
    date_precision,
    ended_by,
    status,
    kind,
    success_factor,
    document_id,
    section,
    read_on
from {{ source('declared', 'reform_event') }}
order by event_id
