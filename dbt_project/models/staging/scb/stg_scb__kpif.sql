{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ history(source('vintages', 'scb__kpif'), ['index_id', 'year', 'month']) }}
