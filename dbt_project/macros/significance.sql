{#
  A value against a whole (the nation, a group). Where the whole has an interval of its own, the two must not overlap,
  which is stricter than a test of the difference; where it has none, it is taken as a fixed figure, as Fingertips does.
#}
{% macro significance(area, whole) -%}
    case
        when {{ area }}.lower_95 is null or {{ whole }}.value is null then 'not_estimable'
        when {{ area }}.lower_95 > coalesce({{ whole }}.upper_95, {{ whole }}.value) then 'higher'
        when {{ area }}.upper_95 < coalesce({{ whole }}.lower_95, {{ whole }}.value) then 'lower'
        else 'no_difference'
    end
{%- endmacro %}

{% macro significance_method(area, whole) -%}
    case
        when {{ area }}.lower_95 is null or {{ whole }}.value is null then null
        when {{ whole }}.lower_95 is null then 'value_in_interval_95'
        else 'no_overlap_of_intervals_95'
    end
{%- endmacro %}
