"""Pure statistics, each called once for all rows.

Belongs here: what is computed from polars frames and numpy arrays alone and is too much for SQL. Does not belong here:
reading or writing anything, and whatever knows of `pipelines` or of the catalogue.
"""
