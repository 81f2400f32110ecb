"""Whether rows are believed: the gate on each staged dataset, and the controls on the finished warehouse.

Belongs here: expectations generated from the declarations, and what becomes of rows that break them. Does not belong
here: parsing (`sources`), or keeping state (`storage`).
"""
