select * from {{ source('declared', 'source_file') }}
order by source_id, dataset, fetched_at, sha256
