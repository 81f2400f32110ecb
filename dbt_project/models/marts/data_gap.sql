select * from {{ ref('stg_declared__data_gap') }}
order by gap_id
