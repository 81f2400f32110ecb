"""The pages of a release.

Belongs here: data, templates, charts and scripts of the pages. Does not belong here: any arithmetic of indicators.
"""
