"""Where a published value comes from: its formula, the rows of history, the archived bytes, and the arithmetic anew.

Belongs here: finding every step from a published value down to the bytes of its archived files, and computing it again
from these bytes, in Python, so that it can be compared with what the warehouse computed in SQL. Does not belong here:
parsing (`sources`), keeping archive and vintages (`storage`), or how an explanation is laid out (`commands`, `api`).
Nothing that is computed here is ever published.
"""
