"""A page before it is rendered. Belongs here: its path, its template and the template's content."""

from __future__ import annotations

from typing import NamedTuple

from pipelines.site.release_data import Row

GR, NATION = "GR", "0000"


class Page(NamedTuple):
    """`path` below the site; `content` is plain data (text, numbers, lists), so that its fingerprint reveals
    changes.
    """

    path: str
    template: str
    title: str
    content: Row

    @property
    def root(self) -> str:
        """The relative path from the page to the site's root folder."""
        return "../" * self.path.count("/")


def area_path(area_id: str) -> str:
    """The path of an area's page."""
    return f"omrade/{area_id}.html"


def indicator_path(indicator_id: str) -> str:
    """The path of an indicator's page."""
    return f"nyckeltal/{indicator_id}.html"


def study_path(study_id: str) -> str:
    """The path of a study's page."""
    return f"studie/{study_id}.html"
