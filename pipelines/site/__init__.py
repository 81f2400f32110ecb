"""The static site: the pages of a release.

Belongs here: reading what pages show, templates, charts, map outlines, scripts, writing the folder `site`. Does not
belong here: the arithmetic of indicators (`dbt_project`), serving the folder (`api`).
"""
