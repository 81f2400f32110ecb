{#
  All that must hold of a model (the test `model_is_sound`), in one query that returns a row for each rule that is
  broken: its name, how many rows break it (of a key: how many keys), and an example. One query instead of a test for each
  rule, because each test costs dbt as much as some hundred thousand rows.

  key: the columns whose combination is unique. They hold no null either, unless `nullable` names them.
  one_row_for_each: a model whose rows this one passes on with their key, and has exactly as many of; then its keys are
    those that were compared there, and are not compared again.
  not_null: further columns that are never null.
  accepted_values: column to the values that it may have, besides null.
  relationships: columns whose values must be found in another model, each as {column, to, field}.
#}
{% macro broken_rules(model, key, nullable, not_null, accepted_values, relationships, one_row_for_each) %}
    {%- set counted = [] -%}
    {%- for column in key + not_null if column not in nullable -%}
        {%- do counted.append({'rule': 'not_null ' ~ column, 'column': column, 'broken': column ~ ' is null'}) -%}
    {%- endfor -%}
    {%- for column, values in accepted_values.items() -%}
        {%- set broken = column ~ " not in ('" ~ values | join("', '") ~ "')" -%}
        {%- do counted.append({'rule': 'accepted_values ' ~ column, 'column': column, 'broken': broken}) -%}
    {%- endfor -%}
    with counted as (

        select
            {%- for rule in counted %}
            count(case when {{ rule.broken }} then 1 end) as rows_{{ loop.index }},
            min(case when {{ rule.broken }} then cast({{ rule.column }} as varchar) end) as example_{{ loop.index }}
            {{- ',' if not loop.last }}
            {%- endfor %}
        from {{ model }}

    )

    {%- if one_row_for_each is none %}
    select
        'unique {{ key | join(', ') }}' as rule,
        count(*) as broken,
        min(concat_ws(', ', {{ key | join(', ') }})) as example
    from ({{ repeated_keys(model, key) }}) as repeated
    having count(*) > 0
    {%- else %}
    select
        'one row for each of {{ one_row_for_each.identifier }}' as rule,
        abs(own.n - other.n) as broken,
        cast(null as varchar) as example
    from (select count(*) as n from {{ model }}) as own
    cross join (select count(*) as n from {{ one_row_for_each }}) as other
    where own.n <> other.n
    {%- endif %}
    {%- for rule in counted %}
    union all
    select
        '{{ rule.rule }}' as rule,
        rows_{{ loop.index }} as broken,
        example_{{ loop.index }} as example
    from counted
    where rows_{{ loop.index }} > 0
    {%- endfor %}
    {%- for reference in relationships %}
    union all
    select
        'relationships {{ reference.column }}' as rule,
        count(*) as broken,
        min(cast(child.{{ reference.column }} as varchar)) as example
    from (select distinct {{ reference.column }} from {{ model }} where {{ reference.column }} is not null) as child
    left join {{ reference.to }} as parent on child.{{ reference.column }} = parent.{{ reference.field }}
    where parent.{{ reference.field }} is null
    having count(*) > 0
    {%- endfor %}
{% endmacro %}

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
