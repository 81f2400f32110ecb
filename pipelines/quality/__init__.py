"""Whether data is accepted: the gate on each staged dataset, and the checks on the finished warehouse.

Belongs here: expectations generated from the declarations, and quarantining rows that violate them. Does not belong
here: parsing (`sources`), or storing state (`storage`).
"""
