"""Reading the declarations: YAML to typed rows, and the checks that only all of them together allow.

Belongs here: files, references between declarations, and clear errors. Does not belong here: the types (`model`).
"""
