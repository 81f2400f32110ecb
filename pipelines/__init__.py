"""How data is fetched, stored, checked, computed and published.

Belongs here: everything that moves or stores data, and the Dagster code location. Does not belong here: what an
indicator means (`indicators`), and the arithmetic of indicators (`dbt_project`).

Imports run downward only. The layers are declared in `pyproject.toml` ([tool.importlinter]) and drawn in
`docs/architecture.md`; `docs/naming.md` says how packages and modules are named.
"""

import os

# The matrices of the studies are small, and several threads of the linear algebra library wait for one another: a
# staggered study took seven times the processor time. The library reads this once, when numpy is loaded; a value that
# a user has set stands.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
