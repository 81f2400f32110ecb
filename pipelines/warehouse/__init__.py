"""The build that dbt reads and writes: its sources, running dbt, and the statistics that SQL cannot say.

Belongs here: everything between what is known (`storage`) and finished tables. Does not belong here: arithmetic of
indicators (`dbt_project`), statistical methods (`indicators/statistics`), or publishing (`release`).
"""
