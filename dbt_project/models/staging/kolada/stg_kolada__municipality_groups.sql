{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ history(source('vintages', 'kolada__municipality_groups'), ['group_id', 'area_id']) }}
