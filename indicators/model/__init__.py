"""The types of the declarations: indicators, measures, registers, studies and templates of submissions.

Belongs here: the keys and values that one declaration may have. Does not belong here: loading files (`load`), or the
schemas of the tables that the declarations become (`tables`).
"""
