{#
  A table that is written in chunks of whole indicators, so that memory stays flat however many rows there are. The
  chunks are listed in `declared.chunk`; in the model, `in_chunk(column)` says which rows belong to the one at hand. The
  rows of a chunk are ordered by the model, and chunks follow one another, so the whole is ordered.

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
    {% do make_way(relation) %}
    {%- set chunks = run_query(
        'select first_indicator_id, last_indicator_id from ' ~ source('declared', 'chunk') ~ ' order by chunk_no'
    ) -%}
    {% for first, last in chunks.rows %}
        {% do run_query("set variable chunk_first = '" ~ first ~ "'") %}
        {% do run_query("set variable chunk_last = '" ~ last ~ "'") %}
        {% if loop.first %}
            {% call statement('main') -%}
                {{ create_table_as(false, relation, compiled_code) }}
            {%- endcall %}
        {% else %}
            {% call statement('chunk') -%}
                insert into {{ relation }}
                {{ compiled_code }}
            {%- endcall %}
        {% endif %}
    {% endfor %}
    {% do run_query('reset variable chunk_first') %}
    {% do run_query('reset variable chunk_last') %}
    {{ return(finished(relation)) }}
{% endmaterialization %}
