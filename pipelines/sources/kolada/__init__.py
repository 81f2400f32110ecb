"""Kolada's interface v3: fetching and parsing, nothing else.

Belongs here: what may be asked and how the answers look (`pages`), which requests are fewest (`plan`), the fetch of
each dataset (`ask`), and archived answers as rows (`rows`). Does not belong here: which rows are believed, or what
they mean.
"""

from pipelines.sources.kolada.fetching import check, fetch
from pipelines.sources.kolada.parsing import parse

__all__ = ["check", "fetch", "parse"]
