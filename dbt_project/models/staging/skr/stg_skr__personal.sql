{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ history(source('skr', 'personal'), ['series_id', 'area_id', 'year', 'sex']) }}
