{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ history(source('vintages', 'kolada__group_values'), ['series_id', 'area_id', 'year', 'sex']) }}
