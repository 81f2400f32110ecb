{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ history(source('kolada', 'municipality_groups'), ['group_id', 'area_id']) }}
