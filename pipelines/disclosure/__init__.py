"""Statistical disclosure control: whether readers could infer a suppressed number of persons.

Belongs here: the audit of a table, and the choice of which further values to suppress; pure functions on cells. Does
not belong here: files from municipalities (`submissions`), or the check of a release (`quality`).
"""
