"""A municipality's own figures, from the file that was handed in to rows that may be kept.

Belongs here: the templates as files, the search for personal identity numbers, reading and judging cell by cell, the
annotated copy, and the suppression of small numbers. Does not belong here:
what is printed (`commands/submit.py`). What people who submit read is in Swedish.
"""
