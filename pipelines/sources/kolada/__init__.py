"""Kolada's API v3: fetching and parsing, nothing else.

Belongs here: the types of the responses (`pages`), planning the fewest requests (`plan`), the fetch of each dataset
(`fetching`), and archived responses as rows (`parsing`). Does not belong here: which rows are accepted, or what they
mean.
"""

from pipelines.sources.kolada.fetching import check, fetch
from pipelines.sources.kolada.parsing import parse

__all__ = ["check", "fetch", "parse"]
