{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ history(source('vintages', 'kolada__kpi'), ['series_id']) }}
