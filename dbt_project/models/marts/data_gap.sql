select * from {{ source('declared', 'data_gap') }}
order by gap_id
