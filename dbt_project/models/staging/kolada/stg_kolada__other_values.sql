{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ history(source('kolada', 'other_values'), ['series_id', 'area_id', 'year', 'sex']) }}
