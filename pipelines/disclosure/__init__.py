"""Statistical disclosure control: what readers could find out about a number of persons that is not shown.

Belongs here: the audit of a table, and the choice of which further values to suppress; pure functions on cells. Does
not belong here: files of municipalities (`submissions`), or the check of a release (`quality`).
"""
