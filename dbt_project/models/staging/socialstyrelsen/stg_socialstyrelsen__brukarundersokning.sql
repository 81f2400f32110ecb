{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ history(
    source('vintages', 'socialstyrelsen__brukarundersokning'),
    [
        'series_id',
        'area_id',
        'year',
        'sex',
    ]
) }}
