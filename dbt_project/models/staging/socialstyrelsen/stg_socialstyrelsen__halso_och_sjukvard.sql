{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ history(
    source('vintages', 'socialstyrelsen__halso_och_sjukvard'),
    [
        'series_id',
        'area_id',
        'year',
        'sex',
    ]
) }}
