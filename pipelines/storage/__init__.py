"""What lasts: the archive, the vintages, and the pointer to the current release, with the means to keep them whole.

Belongs here: writing files so that a crash leaves no half, seals against damage, the lock, and DuckDB connections.
Does not belong here: what the bytes mean (`sources`), and whether they are believed (`quality`).
"""
