"""A release in other people's databases.

Belongs here: writing the public tables of one release where tools read them, whole or not at all. Does not belong here:
making a release (`release`), serving queries from it, and computing anything.
"""
