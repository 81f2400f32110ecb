{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ history(source('vintages', 'scb__yrken'), ['series_id', 'area_id', 'year', 'sex']) }}
