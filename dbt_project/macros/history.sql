{#
  A dataset's history with the end of each row's knowledge (`known_to`, null for what is known now) and its number in
  the key's row of revisions. Only rows that come after another are looked up: nearly all rows are the first and only.
  The relation is named in each place instead of in a subquery that they share, which engines would write down whole,
  whatever few rows are asked for.
#}
{% macro history(relation, key) -%}
    with later as (

        select
            {{ key | join(', ') }},
            known_from
        from {{ relation }}
        where change <> 'new'

    ),

    position as (

        select
            {% for column in key %}history.{{ column }}, {% endfor %}
            history.known_from,
            min(case when later.known_from > history.known_from then later.known_from end) as known_to,
            count(case when later.known_from <= history.known_from then 1 end) + 1 as revision
        from {{ relation }} as history
        inner join later
            on
                {% for column in key -%}
                history.{{ column }} = later.{{ column }}{{ ' and ' if not loop.last }}
                {%- endfor %}
        group by {% for column in key %}history.{{ column }}, {% endfor %} history.known_from

    )

    select
        history.*,
        position.known_to,
        cast(coalesce(position.revision, 1) as integer) as revision
    from {{ relation }} as history
    left join position
        on
            {% for column in key -%}
            history.{{ column }} = position.{{ column }} and {% endfor %}
            history.known_from = position.known_from
{%- endmacro %}

{#
  Whether a row of history was known at a moment. Written without `or`, which would keep engines from joining by hash.
#}
{% macro known_at(alias, moment) -%}
    {{ alias }}.known_from <= {{ moment }}
    and coalesce({{ alias }}.known_to, cast('9999-12-31' as timestamp)) > {{ moment }}
{%- endmacro %}
