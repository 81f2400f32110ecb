{{ history(source('vintages', 'kolada__kpi'), ['series_id']) }}
