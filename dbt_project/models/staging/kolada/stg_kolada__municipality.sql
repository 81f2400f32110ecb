{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ history(source('vintages', 'kolada__municipality'), ['area_id']) }}
