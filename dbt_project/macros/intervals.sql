{#
  Limits of confidence intervals, as PHE's Technical Guide (2018) prescribes them. `z` is the normal quantile, `sign` -1
  for the lower limit and 1 for the upper.
#}

{# Wilson (1927): of a share between 0 and 1 among n persons. #}
{% macro wilson(share, n, z, sign) -%}
    {{ 'greatest(0' if sign < 0 else 'least(1' }}, (
        2 * {{ n }} * {{ share }} + {{ z * z }}
        + {{ sign }} * {{ z }} * sqrt({{ z * z }} + 4 * {{ n }} * {{ share }} * (1 - {{ share }}))
    ) / (2 * ({{ n }} + {{ z * z }})))
{%- endmacro %}

{# Byar's approximation (Breslow and Day 1987): of the mean number of events behind those counted; for ten and more. #}
{% macro byar(events, z, sign) -%}
    {%- set o = events if sign < 0 else '(' ~ events ~ ' + 1)' -%}
    {{ o }} * power(1 - 1 / (9 * {{ o }}) + {{ sign }} * {{ z }} / (3 * sqrt({{ o }})), 3)
{%- endmacro %}
