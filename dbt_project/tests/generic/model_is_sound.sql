{#
  All that must hold of a model, in one query that returns a row for each rule that is broken: its name, how many rows
  break it (of a key: how many keys), and an example. One query instead of a test for each rule, because each test costs
  dbt as much as some hundred thousand rows.

  key: the columns whose combination is unique. They hold no null either, unless `nullable` names them.
  not_null: further columns that are never null.
  accepted_values: column to the values that it may have, besides null.
  relationships: columns whose values must be found in another model, each as {column, to, field}.
#}
{% test model_is_sound(model, key, nullable=[], not_null=[], accepted_values={}, relationships=[]) %}
    {%- set counted = [] -%}
    {%- for column in key + not_null if column not in nullable -%}
        {%- do counted.append({'rule': 'not_null ' ~ column, 'column': column, 'broken': column ~ ' is null'}) -%}
    {%- endfor -%}
    {%- for column, values in accepted_values.items() -%}
        {%- set broken = column ~ " not in ('" ~ values | join("', '") ~ "')" -%}
        {%- do counted.append({'rule': 'accepted_values ' ~ column, 'column': column, 'broken': broken}) -%}
    {%- endfor -%}
    with repeated as (

        {{ repeated_keys(model, key) }}

    ),

    counted as (

        select
            {%- for rule in counted %}
            count(case when {{ rule.broken }} then 1 end) as rows_{{ loop.index }},
            min(case when {{ rule.broken }} then cast({{ rule.column }} as varchar) end) as example_{{ loop.index }}
            {{- ',' if not loop.last }}
            {%- endfor %}
        from {{ model }}

    )

    select
        'unique {{ key | join(', ') }}' as rule,
        count(*) as broken,
        min(concat_ws(', ', {{ key | join(', ') }})) as example
    from repeated
    having count(*) > 0
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
{% endtest %}
