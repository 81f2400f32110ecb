{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ history(source('submissions', 'varden'), ['series_id', 'area_id', 'year', 'sex']) }}
