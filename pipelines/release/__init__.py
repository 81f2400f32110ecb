"""Releases: immutable folders, a pointer that is moved atomically, and the difference between two of them.

Belongs here: building and publishing a release, the files it holds beside its tables, and comparing releases. Does not
belong here: computing values (`dbt_project`), the pointer file itself (`storage/release_pointer.py`).
"""
