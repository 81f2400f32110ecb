{#
  A table that is written in chunks of whole indicators, so that memory stays flat however many rows there are. The
  chunks are listed in `declared.chunk`; in the model, `in_chunk(column)` says which rows belong to the one at hand. The
  rows of a chunk are ordered by the model, and chunks follow one another, so the whole is ordered.
#}
{% macro in_chunk(column) -%}
    /* chunk: {{ column }} */ true
{%- endmacro %}

{% macro of_chunk(sql, first, last) -%}
    {%- set pattern = '/\* chunk: ([a-z_.]+) \*/ true' -%}
    {{- modules.re.sub(pattern, "\\1 between '" ~ first ~ "' and '" ~ last ~ "'", sql) -}}
{%- endmacro %}

{% materialization chunked_table, default %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% if existing is not none %}
        {% do adapter.drop_relation(existing) %}
    {% endif %}

    {%- set chunks = run_query(
        'select first_indicator_id, last_indicator_id from ' ~ source('declared', 'chunk') ~ ' order by chunk_no'
    ) -%}

    {% for chunk in chunks.rows %}
        {% if loop.first %}
            {% call statement('main') -%}
                {{ create_table_as(false, target_relation, of_chunk(sql, chunk[0], chunk[1])) }}
            {%- endcall %}
        {% else %}
            {% call statement('chunk') -%}
                insert into {{ target_relation }}
                {{ of_chunk(sql, chunk[0], chunk[1]) }}
            {%- endcall %}
        {% endif %}
    {% endfor %}

    {% do persist_docs(target_relation, model) %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do adapter.commit() %}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
