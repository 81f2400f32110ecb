{{ history(source('vintages', 'scb__kpif'), ['index_id', 'year', 'month']) }}
