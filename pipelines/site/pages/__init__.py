"""The content of each page: one module for each type of page.

Belongs here: selecting rows of the tables and naming them for a template. Does not belong here: queries
(`site/release_data.py`), words for codes (`indicators/model/words.py`), layout (`site/templates`).
"""
