"""How data is fetched, stored, checked, computed and published.

Belongs here: everything that moves or stores data, and the Dagster code location. Does not belong here: what an
indicator means (`indicators`), and the arithmetic of indicators (`dbt_project`).

Imports run downward only. The layers are declared in `pyproject.toml` ([tool.importlinter]) and drawn in
`docs/architecture.md`; `docs/naming.md` says how packages and modules are named.
"""
