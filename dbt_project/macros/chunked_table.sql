{#
  A table that is written in chunks of whole indicators, so that memory stays flat however many rows there are, and so
  that a build that goes on from an earlier one writes the indicators alone that a change touches. The chunks are listed
  in `declared.chunk`; in the model, `in_chunk(column)` says which rows belong to the one at hand. So each row of such a
  model must follow from rows of its own indicator, and from nothing else that may change (`warehouse/affected.py`).

  The bounds of the chunk at hand are variables of the session, so the SQL of a model is the same for every chunk. Where
  they are not set (in a unit test, or when the compiled SQL is run by hand), all rows are in the chunk. Other engines
  write an ordinary table.
#}
{% macro in_chunk(column) -%}
    {{ return(adapter.dispatch('in_chunk', 'nyckeltal')(column)) }}
{%- endmacro %}

{% macro default__in_chunk(column) -%}
    true
{%- endmacro %}

{% macro duckdb__in_chunk(column) -%}
    {{ column }} between coalesce(getvariable('chunk_first'), {{ column }})
    and coalesce(getvariable('chunk_last'), {{ column }})
{%- endmacro %}

{% materialization chunked_table, default %}
    {{ return(materialization_table_default()) }}
{% endmaterialization %}

{% materialization chunked_table, adapter='duckdb' %}
    {%- set relation = this.incorporate(type='table') -%}
    {%- set chunks = run_query(
        'select first_indicator_id, last_indicator_id, is_written from ' ~ source('declared', 'chunk')
        ~ ' order by chunk_no'
    ).rows -%}
    {%- set written = chunks | selectattr(2) | list -%}
    {%- set goes_on = written | length < chunks | length -%}
    {% if goes_on %}
        {{ stand_already(relation) }}
    {% else %}
        {% do make_way(relation) %}
    {% endif %}
    {% for first, last, is_written in written %}
        {% do run_query("set variable chunk_first = '" ~ first ~ "'") %}
        {% do run_query("set variable chunk_last = '" ~ last ~ "'") %}
        {% if not goes_on and loop.first %}
            {% call statement('chunk') -%}
                {{ create_table_as(false, relation, compiled_code) }}
            {%- endcall %}
        {% else %}
            {% if goes_on %}
                {% do run_query(
                    'delete from ' ~ relation ~ " where indicator_id between '" ~ first ~ "' and '" ~ last ~ "'"
                ) %}
            {% endif %}
            {% call statement('chunk') -%}
                insert into {{ relation }}
                {{ compiled_code }}
            {%- endcall %}
        {% endif %}
    {% endfor %}
    {% do run_query('reset variable chunk_first') %}
    {% do run_query('reset variable chunk_last') %}
    {% call statement('main') -%}
        select count(*) from {{ relation }}
    {%- endcall %}
    {{ return(finished(relation)) }}
{% endmaterialization %}

{# Instead of `make_way`, where a build goes on from one that had the table. #}
{% macro stand_already(relation) -%}
    {% if load_cached_relation(relation) is none %}
        {{ exceptions.raise_compiler_error(relation ~ ' is not there, though its build goes on from one that had it') }}
    {% endif %}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
{%- endmacro %}
