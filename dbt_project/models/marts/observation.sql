{{ config(materialized='chunked_table') }}

select
    indicator_id,
    area_id,
    year,
    sex,
    value,
    numerator,
    denominator,
    lower_95,
    upper_95,
    lower_998,
    upper_998,
    interval_reason,
    status,
    missing_reason,
    caution,
    correction_id,
    is_preliminary,
    break_before,
    price_basis,
    known_from,
    source_file_sha256,
    recipe_version
from {{ ref('observation_vintage') }}
where known_to is null and {{ in_chunk('indicator_id') }}
