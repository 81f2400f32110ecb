"""A municipality's own figures, from the submitted file to rows that may be stored.

Belongs here: the templates as files, the search for personal identity numbers, reading and validating cell by cell,
the annotated copy, the suppression of small numbers, and handing the rows to the gate. Does not belong here: what is
printed (`commands/submit.py`). Messages for people who submit are in Swedish.
"""
