select
    measure_id,
    title_sv,
    unit,
    dataset,
    series
from {{ source('declared', 'measure') }}
where title_sv is not null
order by measure_id
