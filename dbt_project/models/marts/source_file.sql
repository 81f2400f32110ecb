select * from {{ ref('stg_declared__source_file') }}
order by source_id, dataset, fetched_at, sha256
