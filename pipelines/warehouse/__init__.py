"""The build database that dbt reads and writes: its inputs, running dbt, and statistics that SQL cannot express well.

Belongs here: everything between what is known (`storage`) and finished tables. Does not belong here: arithmetic of
indicators (`dbt_project`), statistical methods (`indicators/statistics`), or publishing (`release`).
"""
