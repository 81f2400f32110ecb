{#
  A place in words, `3:e lägst av 290`: always from the end that lies nearest, so that it can be read without knowing
  what is counted from where, and never a judgement. Equal values share a place (`delad 3:e lägst av 290`); the very
  middle is told from the highest.

  from_highest, from_lowest: places counted from both ends, 1 for the outermost. of_n: how many take part.
#}
{% macro place_in_words(from_highest, from_lowest, of_n) %}
    case
        when {{ of_n }} = 1 then 'den enda med värde'
        when {{ from_highest }} = 1 and {{ from_lowest }} = 1 then concat('lika för alla ', cast({{ of_n }} as varchar))
        else concat(
            case when {{ from_highest }} + {{ from_lowest }} <= {{ of_n }} then 'delad ' else '' end,
            case
                when {{ from_highest }} <= {{ from_lowest }}
                    then concat({{ swedish_ordinal(from_highest) }}, ' högst')
                else concat({{ swedish_ordinal(from_lowest) }}, ' lägst')
            end,
            ' av ',
            cast({{ of_n }} as varchar)
        )
    end
{% endmacro %}


{# `1:a`, `2:a`, `3:e`, `11:e`, `12:e`, `21:a`, `111:e`, `121:a`. #}
{% macro swedish_ordinal(number) %}
    concat(
        cast({{ number }} as varchar),
        case when {{ number }} % 10 in (1, 2) and {{ number }} % 100 not in (11, 12) then ':a' else ':e' end
    )
{% endmacro %}
