{#
  Why a value cannot be trusted by itself: outside what it can be, or far outside what is plausible; null where nothing
  speaks against it. `limits` is the relation, if it has to be named, that has possible_min, possible_max, beyond_min, beyond_max, value_type and aggregation. What is
  summed over areas is as large as the area: regions and the nation have codes that begin with 00, and no such limit.
  The least difference that counts is that of nine decimals, so that the noise of arithmetic does not.
#}
{% macro own_caution(value, limits='', area='facts.area_id') -%}
    {%- set of = limits ~ '.' if limits else '' -%}
    case
        when {{ value }} < {{ of }}possible_min - 1e-9 * greatest(1, abs({{ value }}))
            then
                case
                    when {{ of }}value_type = 'proportion' then 'share_outside_0_100'
                    else 'negative'
                end
        when {{ value }} > {{ of }}possible_max + 1e-9 * greatest(1, abs({{ value }}))
            then
                case
                    when {{ of }}value_type = 'proportion' then 'share_outside_0_100'
                    else 'beyond_plausible'
                end
        when {{ of }}aggregation = 'sum' and {{ area }} like '00%' then null
        when {{ value }} < {{ of }}beyond_min or {{ value }} > {{ of }}beyond_max then 'beyond_plausible'
    end
{%- endmacro %}
