{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ history(source('vintages', 'skr__personal'), ['series_id', 'area_id', 'year', 'sex']) }}
