{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ history(source('skr', 'prisindex'), ['index_id', 'issue', 'year']) }}
