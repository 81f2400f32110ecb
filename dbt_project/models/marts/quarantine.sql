select * from {{ source('declared', 'quarantine') }}
order by source_id, dataset, source_row
