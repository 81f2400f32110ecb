with annual as (

    select * from {{ ref('int_price_index__annual') }}
    where known_to is null and value is not null

),

indices as (

    select * from {{ source('declared', 'price_index') }}

)

select
    annual.index_id,
    annual.year,
    annual.value,
    indices.base_year,
    annual.known_from,
    annual.is_forecast,
    annual.issue
from annual
inner join indices on annual.index_id = indices.index_id
order by annual.index_id, annual.year
