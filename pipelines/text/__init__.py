"""Text and numbers: as people write them in files, and as readers see them.

Belongs here: normalising text, names and codes, Swedish numbers, CSV values, and suggestions for mistyped words. Does
not belong here: anything that knows of a file, a table or a publisher.
"""
