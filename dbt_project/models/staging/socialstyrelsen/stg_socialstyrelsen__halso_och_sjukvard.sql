{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
{{ history(source('socialstyrelsen', 'halso_och_sjukvard'), ['series_id', 'area_id', 'year', 'sex']) }}
