{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ history(source('kolada', 'kpi_groups'), ['group_id', 'series_id']) }}
