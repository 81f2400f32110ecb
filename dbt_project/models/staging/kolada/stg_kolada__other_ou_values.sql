{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ history(source('kolada', 'other_ou_values'), ['series_id', 'area_id', 'year', 'sex']) }}
