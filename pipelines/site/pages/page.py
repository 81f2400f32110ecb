"""A page before it is written. Belongs here: its place, its template and what the template is given."""

from __future__ import annotations

from typing import NamedTuple

from pipelines.site.release_data import Row

GR, NATION = "GR", "0000"


class Page(NamedTuple):
    """`path` below the site; `content` is plain (text, numbers, lists), so that its fingerprint tells of change."""

    path: str
    template: str
    title: str
    content: Row

    @property
    def root(self) -> str:
        """The way from the page to the site's first folder."""
        return "../" * self.path.count("/")


def area_path(area_id: str) -> str:
    """Where an area's page lies."""
    return f"omrade/{area_id}.html"


def indicator_path(indicator_id: str) -> str:
    """Where an indicator's page lies."""
    return f"nyckeltal/{indicator_id}.html"


def study_path(study_id: str) -> str:
    """Where a study's page lies."""
    return f"studie/{study_id}.html"
