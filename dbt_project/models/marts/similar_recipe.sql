select
    recipe_id,
    title_sv,
    purpose_sv,
    made_by,
    is_default,
    neighbours,
    recipe_version,
    variables,
    valid_from
from {{ ref('stg_declared__similar_recipe') }}
order by recipe_id
