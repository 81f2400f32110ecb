"""Text and numbers: as people write them in files, and as readers see them.

Belongs here: normal forms of text, names and codes, Swedish numbers, CSV values, and suggestions for words that were
mistyped. Does not belong here: anything that knows of a file, a table or a publisher.
"""
