"""SCB's statistical database (PxWeb, versions 1 and 2): fetching and parsing, nothing else.

Belongs here: the keys of a declaration (`declared`), resolving them in a table as it is today (`resolve`), the fetch
of each dataset (`fetching`), finding archived responses (`archived_tables`), and archived responses as rows
(`parsing`). Does not belong here: any table's codes, which are in `declaration.yml`, or which rows are accepted.
"""

from pipelines.sources.scb.fetching import check, fetch
from pipelines.sources.scb.parsing import parse

__all__ = ["check", "fetch", "parse"]
