"""What is generated from the declarations: rows for the warehouse, rows of the registers, and the dictionary's pages.

Belongs here: pure functions from declarations to rows and text. Does not belong here: writing them to files or tables,
and the schemas of the tables (`tables`).
"""
