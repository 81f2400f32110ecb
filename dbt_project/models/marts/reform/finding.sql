{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
select
    finding_id,
    title_sv,
    finding_sv,
    method_sv,
    found_by,
    areas,
    about,
    direction,
    document_id,
    section,
    read_on
from {{ source('declared', 'finding') }}
order by finding_id
