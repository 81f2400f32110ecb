select * from {{ ref('stg_declared__quarantine') }}
order by source_id, dataset, source_row
