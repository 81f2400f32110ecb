"""Loading the declarations: YAML to typed rows, and the checks that need all of them together.

Belongs here: files, references between declarations, and clear errors. Does not belong here: the types (`model`).
"""
