{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
select
    document_id,
    title_sv,
    publisher,
    published,
    published_inferred_from,
    url,
    was_read,
    read_on
from {{ source('declared', 'document') }}
order by document_id
