{{ config(materialized='view') }}

{# The six framgångsfaktorer, and which of them have no indicator. #}
select
    item_id as success_factor,
    title_sv,
    source,
    indicators,
    indicators_with_values,
    gaps
from {{ ref('frame_item').include(database=false) }}
where frame_id = 'success_factor'
