{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ history(source('kolada', 'ou'), ['unit_id']) }}
