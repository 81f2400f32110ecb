{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ history(source('scb', 'kpif'), ['index_id', 'year', 'month']) }}
