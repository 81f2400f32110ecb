{{ history(source('vintages', 'kolada__municipality_groups'), ['group_id', 'area_id']) }}
