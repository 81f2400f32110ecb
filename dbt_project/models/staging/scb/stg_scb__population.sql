{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ history(source('scb', 'population'), ['series_id', 'area_id', 'year', 'sex']) }}
