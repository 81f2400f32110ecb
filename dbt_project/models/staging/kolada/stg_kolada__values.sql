{{ history(source('vintages', 'kolada__values'), ['series_id', 'area_id', 'year', 'sex']) }}
