with annual as (

    select * from {{ ref('int_price_index__annual') }}
    where known_to is null and value is not null

),

indices as (

    select * from {{ ref('stg_declared__price_index') }}

),

levels as (

    select * from {{ ref('stg_declared__price_level') }}

)

select
    annual.index_id,
    annual.year,
    annual.value,
    indices.base_year,
    annual.known_from,
    annual.is_forecast,
    annual.issue,
    levels.year is not null as is_price_level
from annual
inner join indices on annual.index_id = indices.index_id
left join levels on annual.year = levels.year
order by annual.index_id, annual.year
