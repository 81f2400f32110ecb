"""Terminal output about indicators: lists, searches, single indicators, and unknown ids.

Belongs here: gathering what is declared and released about them, and laying it out. Does not belong here: runs,
releases and comparisons (`output.py`), or the work of any other room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from indicators.load.catalogue import load_catalogue
from indicators.model import words
from indicators.model.indicator import Indicator
from indicators.tables.declared import TABLES
from pipelines.commands import terminal
from pipelines.commands.uncurated_output import uncurated_ids, uncurated_rows
from pipelines.errors import UsageError
from pipelines.reading import reader
from pipelines.settings import Settings
from pipelines.storage import release_pointer
from pipelines.storage.database import literal
from pipelines.text.normalise import holds_words
from pipelines.text.suggestions import names_near, words_near

_YEARS = ("first_year", "last_year", "no_values_sv")


def of_theme(settings: Settings, theme: str | None) -> list[dict[str, Any]]:
    """The declared indicators of one theme or of all, with the years of their values (`_listed`).

    Raises:
        UsageError: there is no such theme.
    """
    if theme is not None and theme not in words.THEMES:
        raise no_such_theme(theme)
    return _listed(settings, lambda i: theme is None or i.theme == theme)


def no_such_theme(theme: str) -> UsageError:
    """The error for an unknown theme, with the known ones."""
    near = names_near(theme, words.THEMES)
    remedy = f"did you mean {near[0]}?" if near else ""
    return UsageError("there is no such theme", expected=", ".join(words.THEMES), found=theme, remedy=remedy)


def search_indicators(settings: Settings, text: str) -> tuple[list[dict[str, Any]], list[str]]:
    """The indicators that contain all the words, as `of_theme` returns them; if none does, similar words."""

    def searched(i: Indicator) -> str:
        return " ".join([i.indicator_id, i.title_sv, i.title_en, i.definition_sv, i.series or ""])

    found = _listed(settings, lambda i: holds_words(searched(i), text))
    if found:
        return found, []
    catalogue = load_catalogue(settings.declarations_dir).indicators
    return [], words_near(text, (f"{i.indicator_id} {i.title_sv} {i.series or ''}" for i in catalogue))


def _listed(settings: Settings, wanted: Callable[[Indicator], bool]) -> list[dict[str, Any]]:
    """Declared indicators with `first_year`, `last_year` and `no_values_sv` of the current release.

    Without a release the years are unknown, and `no_values_sv` says so.
    """
    years = _years(settings)
    unknown = {"first_year": None, "last_year": None, "no_values_sv": "ingen utgåva än: kör `nyckeltal refresh`"}
    new = {**unknown, "no_values_sv": "inga värden än: väntar på nästa utgåva"}
    return [
        i.model_dump(mode="json") | (years.get(i.indicator_id, new) if years is not None else unknown)
        for i in sorted(load_catalogue(settings.declarations_dir).indicators, key=lambda i: (i.theme, i.indicator_id))
        if wanted(i)
    ]


def _years(settings: Settings) -> dict[str, dict[str, Any]] | None:
    """The years of each indicator's values in the current release; None without a release."""
    if release_pointer.current(settings.releases_dir) is None:
        return None
    folder = release_pointer.current_folder(settings.releases_dir)
    with reader.open_release(folder) as con:
        rows = reader.records(con, "from indicator")  # select *: earlier releases lack no_values_sv
    for row in rows:
        row.setdefault("no_values_sv", "inga värden än" if row["last_year"] is None else None)
    return {row["indicator_id"]: {name: row[name] for name in _YEARS} for row in rows}


def describe_indicator(settings: Settings, indicator_id: str) -> dict[str, Any]:
    """One indicator as declared, and as released if there is a release.

    Raises:
        UsageError: there is no such indicator.
    """
    catalogue = load_catalogue(settings.declarations_dir)
    if indicator_id not in catalogue.by_id:
        if found := [row for row in uncurated_rows(settings) if row["indicator_id"] == indicator_id.lower()]:
            return found[0]
        raise no_such_indicator(indicator_id, [*catalogue.by_id, *uncurated_ids(settings)])
    if release_pointer.current(settings.releases_dir):
        folder = release_pointer.current_folder(settings.releases_dir)
        with reader.open_release(folder) as con:
            rows = reader.records(con, f"from indicator where indicator_id = {literal(indicator_id)}")
        if rows:
            return rows[0]
    declared = catalogue.by_id[indicator_id].model_dump(mode="json")
    (listed,) = _listed(settings, lambda i: i.indicator_id == indicator_id)
    return {c: declared[c] for c in TABLES["indicator"] if c in declared} | {"no_values_sv": listed["no_values_sv"]}


def no_such_indicator(indicator_id: str, known: Iterable[str]) -> UsageError:
    """The error for an unknown indicator, with similar ones."""
    near = ", ".join(names_near(indicator_id, known, 5))
    remedy = f"{f'did you mean {near}? ' if near else ''}`nyckeltal indicators search WORDS` looks for more"
    return UsageError("there is no such indicator", expected="an indicator_id", found=indicator_id, remedy=remedy)


def tell_indicator(described: dict[str, Any]) -> None:
    """Print the result of `describe_indicator`; an indicator without values begins with that."""
    if described.get("no_values_sv"):
        terminal.out.print(capital(described["no_values_sv"]), markup=False)
    table = terminal.grid(described["title_sv"], header=False)
    table.add_column("", whole=True, bold=True, key=True)
    table.add_column("")
    for name, value in described.items():
        if value not in (None, ""):
            table.add_row(name, terminal.cell(value))
    terminal.out.print(table)


def tell_indicators(found: list[dict[str, Any]]) -> None:
    """Print a list of indicators, and how many of them have no values."""
    rows = [
        {
            **{name: i[name] for name in ("theme", "indicator_id", "title_sv", "unit", "kind")},
            "years": i["no_values_sv"] or f"{i['first_year']}–{i['last_year']}",
        }
        for i in found
    ]
    terminal.records_as_table(rows, f"{len(rows)} indicators")
    if empty := sum(bool(i["no_values_sv"]) for i in found):
        terminal.out.print(f"{empty} av {len(found)} har inga värden.")


def capital(text: str) -> str:
    """The text with its first letter in upper case."""
    return text[:1].upper() + text[1:]
