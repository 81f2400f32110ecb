{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ history(source('vintages', 'scb__kostnader'), ['series_id', 'area_id', 'year', 'sex']) }}
