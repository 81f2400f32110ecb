{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ history(source('vintages', 'skr__prisindex'), ['index_id', 'issue', 'year']) }}
