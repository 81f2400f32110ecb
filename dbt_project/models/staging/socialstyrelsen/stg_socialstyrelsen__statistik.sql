{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ history(source('socialstyrelsen', 'statistik'), ['series_id', 'area_id', 'year', 'sex']) }}
