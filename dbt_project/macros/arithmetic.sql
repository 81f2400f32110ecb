{#
  Sums and means that do not depend on the order of the rows, so that a rebuild gives the same bytes: doubles are added
  as decimals with nine places.
#}
{% macro exact_sum(expression) -%}
    cast(sum(cast({{ expression }} as decimal(28, 9))) as double)
{%- endmacro %}

{% macro exact_mean(expression) -%}
    {{ exact_sum(expression) }} / nullif(count({{ expression }}), 0)
{%- endmacro %}

{# The middle value; engines spell it differently. #}
{% macro middle(expression) -%}
    {{ return(adapter.dispatch('middle', 'nyckeltal')(expression)) }}
{%- endmacro %}

{% macro default__middle(expression) -%}
    percentile_cont(0.5) within group (order by {{ expression }})
{%- endmacro %}

{% macro duckdb__middle(expression) -%}
    median({{ expression }})
{%- endmacro %}
