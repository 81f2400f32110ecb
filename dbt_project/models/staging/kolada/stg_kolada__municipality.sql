{{ history(source('vintages', 'kolada__municipality'), ['area_id']) }}
