{{ config(materialized='view') }}

{# Every dataset of the kind `facts`, one below the other. #}
{% set datasets = {'kolada.values': 'stg_kolada__values', 'scb.population': 'stg_scb__population'} %}

{% for dataset, model in datasets.items() -%}
select
    '{{ dataset }}' as dataset,
    series_id,
    area_id,
    year,
    sex,
    value,
    known_from,
    known_to,
    revision,
    change,
    source_file_sha256
from {{ ref(model) }}
{{ 'union all' if not loop.last }}
{% endfor %}
