"""What goes out: one immutable folder a release, a pointer that moves atomically, and the difference between two.

Belongs here: publishing, and reading releases back. Does not belong here: computing anything (`dbt_project`).
"""
