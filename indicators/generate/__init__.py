"""What is generated from the declarations: rows for the warehouse, rows of the registers, and the dictionary's pages.

Belongs here: pure functions from declarations to rows and text. Does not belong here: writing them anywhere, and what
the tables are (`tables`).
"""
