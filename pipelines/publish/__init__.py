"""Publishing a release to external databases.

Belongs here: writing the public tables of one release to where other tools read them, completely or not at all. Does
not belong here: making a release (`release`), serving queries from it, and computing anything.
"""
