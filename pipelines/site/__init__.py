"""The pages of a release.

Belongs here: reading what pages show, templates, charts, outlines, scripts, writing the folder `site`. Does not belong
here: any arithmetic of indicators (`dbt_project`), serving the folder (`api`).
"""
