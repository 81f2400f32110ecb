{# The wide view, cut to one theme. #}
{% macro wide_theme(theme) -%}
    select * from {{ ref('observation_wide').include(database=false) }}
    where theme = '{{ theme }}'
{%- endmacro %}
