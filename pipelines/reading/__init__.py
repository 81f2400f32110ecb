"""Safe reading of a release: validated SQL on a database that is opened read-only.

Belongs here: the rules for a client's SQL, and queries that several clients share
(comparisons, similar municipalities by choice). Does not belong here: how a result
is presented (`commands`, `api`, `site`).
"""
