{# See the macro `broken_rules`, which has the same arguments. #}
{% test model_is_sound(
    model, key, nullable=[], not_null=[], accepted_values={}, relationships=[], one_row_for_each=none
) %}
{{ broken_rules(model, key, nullable, not_null, accepted_values, relationships, one_row_for_each) }}
{% endtest %}
