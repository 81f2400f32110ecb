{# The keys that occur more than once. #}
{% macro repeated_keys(model, key) -%}
    {{ return(adapter.dispatch('repeated_keys', 'nyckeltal')(model, key)) }}
{%- endmacro %}

{% macro default__repeated_keys(model, key) -%}
    select {{ key | join(', ') }}
    from {{ model }}
    group by {{ key | join(', ') }}
    having count(*) > 1
{%- endmacro %}

{# Grouped by a number first, which takes half as long; the few keys that share one are then compared themselves. #}
{% macro duckdb__repeated_keys(model, key) -%}
    select {{ key | join(', ') }}
    from {{ model }}
    where hash({{ key | join(', ') }}) in (
        select hash({{ key | join(', ') }}) as number
        from {{ model }}
        group by number
        having count(*) > 1
    )
    group by {{ key | join(', ') }}
    having count(*) > 1
{%- endmacro %}
