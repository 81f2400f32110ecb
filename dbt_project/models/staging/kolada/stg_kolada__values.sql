{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ history(source('vintages', 'kolada__values'), ['series_id', 'area_id', 'year', 'sex']) }}
