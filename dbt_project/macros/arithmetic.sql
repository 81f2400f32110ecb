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

{#
  Whether two numbers differ by more than noise: a relative difference of 1e-9 (1e-12 beside zero) is no news. The
  vintages keep to the same (`pipelines/storage/vintages.py`).
#}
{% macro differs(a, b) -%}
    case
        when {{ a }} is null or {{ b }} is null then ({{ a }} is distinct from {{ b }})
        else abs({{ a }} - {{ b }}) > greatest(1e-9 * greatest(abs({{ a }}), abs({{ b }})), 1e-12)
    end
{%- endmacro %}

{#
  A computed number without what binary fractions leave in it: 2.8, and not 2.7999999999999972. Ten decimals are below
  the noise that `differs` allows, and take a third less room.
#}
{% macro ten_decimals(expression) -%}
    round({{ expression }}, 10)
{%- endmacro %}

{#
  A value as it is put in order: those that differ by noise only are equal and have one place. Six decimals, since what
  sources round in the terms of a product (a share times inhabitants) shows in the seventh; no figure means more.
#}
{% macro placed_value(expression) -%}
    round({{ expression }}, 6)
{%- endmacro %}

{#
  Standard deviation (n - 1) about a mean. `scale` is the largest absolute value: squares of what is divided by it stay
  within the nine places, whether values are shares or billions.
#}
{% macro exact_deviation(expression, mean, scale) -%}
    {%- set part = '(' ~ expression ~ ' - ' ~ mean ~ ') / nullif(' ~ scale ~ ', 0)' -%}
    {{ scale }} * sqrt(coalesce({{ exact_sum('power(' ~ part ~ ', 2)') }}, 0) / nullif(count(*) - 1, 0))
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

{# The value below which a part of the values lies, between neighbours in proportion; engines spell it differently. #}
{% macro quantile(expression, part) -%}
    {{ return(adapter.dispatch('quantile', 'nyckeltal')(expression, part)) }}
{%- endmacro %}

{% macro default__quantile(expression, part) -%}
    percentile_cont({{ part }}) within group (order by {{ expression }})
{%- endmacro %}

{% macro duckdb__quantile(expression, part) -%}
    quantile_cont({{ expression }}, {{ part }})
{%- endmacro %}
