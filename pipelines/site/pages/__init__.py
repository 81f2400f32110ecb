"""What stands on each page: one module for each kind of page.

Belongs here: choosing rows of the tables and naming them for a template. Does not belong here: queries (`tables.py`),
words for codes (`swedish.py`), looks (`templates`).
"""
