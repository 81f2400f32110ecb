"""The types of the declarations: indicators, measures, registers, studies and templates of submissions.

Belongs here: what one declaration may say. Does not belong here: reading files (`load`), or the tables that the
declarations become (`tables`).
"""
