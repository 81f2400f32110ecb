"""Terminal output about indicators that nobody has reviewed: lists, searches, how many there are.

Belongs here: gathering them from the current release, since they are declared nowhere. Does not belong here: the
declared ones, and laying out a list of either (`indicator_output.py`).
"""

from __future__ import annotations

from typing import Any

from indicators.model.words import UNCURATED
from pipelines.commands import terminal
from pipelines.reading import reader
from pipelines.settings import Settings
from pipelines.storage import release_pointer
from pipelines.text.normalise import holds_words
from pipelines.text.swedish_numbers import number

_SEARCHED = ("indicator_id", "title_sv", "definition_sv", "notes")


def uncurated_rows(settings: Settings, columns: str = "*") -> list[dict[str, Any]]:
    """The rows of `indicator` that are uncurated, in the order of their ids; none without a release."""
    if release_pointer.current(settings.releases_dir) is None:
        return []
    folder = release_pointer.current_folder(settings.releases_dir)
    with reader.open_release(folder) as con:
        return reader.records(con, f"select {columns} from indicator where theme = '{UNCURATED}' order by indicator_id")


def uncurated_ids(settings: Settings) -> list[str]:
    """Their ids."""
    return [row["indicator_id"] for row in uncurated_rows(settings, "indicator_id")]


def uncurated_of(settings: Settings, words: str = "") -> list[dict[str, Any]]:
    """Uncurated indicators that contain all the words, with `kind` as lists have it; titles before descriptions."""

    def texts(row: dict[str, Any]) -> str:
        return " ".join(row[name] or "" for name in _SEARCHED)

    found = [row | {"kind": "uncurated"} for row in uncurated_rows(settings) if holds_words(texts(row), words)]
    return sorted(found, key=lambda row: not holds_words(f"{row['indicator_id']} {row['title_sv']}", words))


def tell_number(settings: Settings) -> None:
    """Say how many there are beside the curated ones, if there are any."""
    if n := len(uncurated_ids(settings)):
        terminal.out.print(f"Därtill {number(n)} ogranskade (tema {UNCURATED}): --uncurated visar dem.", markup=False)
