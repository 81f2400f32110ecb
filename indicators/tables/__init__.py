"""The schemas of the tables that declarations and studies become: names, types and descriptions of columns.

Belongs here: definitions only. Does not belong here: rows (`generate`), or databases.
"""
