"""SCB's statistical database (PxWeb, versions 1 and 2): fetching and parsing, nothing else.

Belongs here: what a declaration may say (`declared`), what it amounts to in the table as it is today (`resolve`), the
fetch of each dataset (`ask`), and archived answers as rows (`rows`). Does not belong here: any table's codes, which
stand in `scb.yml`, or which rows are believed.
"""

from pipelines.sources.scb.fetching import check, fetch
from pipelines.sources.scb.parsing import parse

__all__ = ["check", "fetch", "parse"]
