{{ history(source('vintages', 'scb__population'), ['series_id', 'area_id', 'year', 'sex']) }}
