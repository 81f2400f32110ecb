"""How data comes in, passes and goes out: sources, archive, gate, vintages, warehouse, release.

Belongs here: everything that moves or stores data, and the Dagster code location. Does not belong here: what an
indicator means (`indicators`), and the arithmetic of indicators (`dbt_project`). Imports run downward only:
cli -> definitions -> assets -> {sources, quality, release} -> {archive, vintages, settings} -> indicators.
"""
