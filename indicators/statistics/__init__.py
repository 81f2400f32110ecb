"""Pure statistics, each called once for all rows.

Belongs here: what is computed from polars frames and numpy arrays alone and is too complex for SQL. Does not belong
here: reading or writing anything, and any knowledge of `pipelines` or of the catalogue.
"""
