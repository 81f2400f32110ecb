{#
  Tables and views are made under their own name, in one transaction with dropping what had it before. dbt's own
  materialisations make them under another name, rename them and drop a backup, which costs more than most of these models
  do; here nobody reads a build while it is made, and one that fails is made again.
#}
{% materialization table, adapter='duckdb' %}
    {%- set relation = this.incorporate(type='table') -%}
    {% do make_way(relation) %}
    {% call statement('main') -%}
        {{ create_table_as(false, relation, compiled_code) }}
    {%- endcall %}
    {{ return(finished(relation)) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {%- set relation = this.incorporate(type='view') -%}
    {% do make_way(relation) %}
    {% call statement('main') -%}
        {{ create_view_as(relation, compiled_code) }}
    {%- endcall %}
    {{ return(finished(relation)) }}
{% endmaterialization %}

{# Before a relation is made: hooks, and what has its name is dropped. #}
{% macro make_way(relation) -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- set existing = load_cached_relation(relation) -%}
    {% if existing is not none %}
        {% do adapter.drop_relation(existing) %}
    {% endif %}
{%- endmacro %}

{# After it was made: comments, hooks and commit; what a materialisation returns. #}
{% macro finished(relation) -%}
    {% do persist_docs(relation, model) %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do adapter.commit() %}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [relation]}) }}
{%- endmacro %}

{#
  The comments of a relation and its columns, in one statement. dbt's own macro looks up the columns twice before; those of
  a table with comments are as declared, for it has a contract.
#}
{% macro duckdb__persist_docs(relation, model, for_relation, for_columns) -%}
    {%- set comments -%}
        {% if for_relation and config.persist_relation_docs() and model.description %}
            {{ alter_relation_comment(relation, model.description) }}
        {% endif %}
        {% if for_columns and config.persist_column_docs() %}
            {% for name, column in model.columns.items() %}
                comment on column {{ relation }}.{{ adapter.quote(name) }}
                is {{ duckdb_escape_comment(column['description']) }};
            {% endfor %}
        {% endif %}
    {%- endset -%}
    {% if comments | trim %}
        {% do run_query(comments) %}
    {% endif %}
{%- endmacro %}
