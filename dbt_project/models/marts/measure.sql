select
    measure_id,
    title_sv,
    unit,
    dataset,
    series
from {{ ref('stg_declared__measure') }}
where title_sv is not null
order by measure_id
