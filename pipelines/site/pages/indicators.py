"""Pages of indicators, and the list of them. Belongs here: the content for one indicator over areas and years."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator

import polars as pl

from indicators.model.words import THEMES
from pipelines.site.pages.page import GR, NATION, Page, indicator_path
from pipelines.site.release_data import Row, Tables

_REGIONS = ("0014", "0013")  # the counties of GR's municipalities
_EVENTS = {"agreement", "context", "reform", "financing_shift"}  # area types that a chart includes
_SWEDEN = ("0000", "GR")
_FIXED = "_fasta_priser"
_WORKED = ("1480", "0180", NATION)


def indicator_pages(tables: Tables, cube: Callable[[str], pl.DataFrame]) -> Iterator[Page]:
    """The list, and a page of each indicator, with values or without."""
    yield _list(tables)
    for indicator_id, row in tables.indicators.items():
        values = cube(indicator_id)
        yield Page(indicator_path(indicator_id), "nyckeltal.html", row["title_sv"], _content(tables, row, values))


def _content(tables: Tables, row: Row, values: pl.DataFrame) -> Row:
    indicator_id = row["indicator_id"]
    breaks = breaks_of(row)
    ranked = [_ranked(tables, r) for r in tables.ranked.get(indicator_id, [])]
    gr = set(tables.members.get(GR, []))
    by = {name: rows.get(indicator_id, []) for name, rows in tables.by_indicator.items()}
    year = tables.ranked[indicator_id][0]["year"] if ranked else None
    multiples = (
        _series(tables, values, [*sorted(gr, key=tables.name), NATION], set(breaks)) if _has(values, *gr) else []
    )
    return {
        "row": {k: v for k, v in row.items() if k != "breaks"},
        "formula": _formula(tables, row),
        "worked": _worked(tables, row),
        "breaks": [{"year": year, "reason": reason} for year, reason in breaks.items()],
        "breaks_json": json.dumps([{"year": y, "reason": r} for y, r in breaks.items()], ensure_ascii=False),
        "events": _events(tables, indicator_id, values),
        "series": _series(tables, values, [*_SWEDEN] if _has(values, GR) else [NATION, *_REGIONS], set(breaks)),
        "multiples": multiples,
        "multiples_caption": _multiples_caption(multiples, len(gr)),
        "ranked": ranked,
        "ranked_kind": "region" if ranked and ranked[0]["area_id"].startswith("00") else "municipality",
        "year": year,
        "coverage": by["coverage"],
        "funnel": next((row for row in by["funnel"] if row["year"] == year), None),
        "equity": by["equity"][0] if by["equity"] else None,
        "plausibility": by["plausibility"],
        "frames": by["crosswalk"],
        "response": by["response"][0] if by["response"] else None,
        "revised": by["revised"],
        "replaced_by_title": tables.indicators.get(row["replaced_by"] or "", {}).get("title_sv"),
    }


def breaks_of(row: Row) -> dict[int, str]:
    """Years in which a series was redefined, with reasons, parsed from the table's text `2019: …; 2021: …`."""
    text = row["breaks"] or ""
    found = re.findall(r"(?:^|; )(\d{4}): (.*?)(?=; \d{4}: |$)", text, flags=re.DOTALL)
    return {int(year): reason for year, reason in found}


def _has(values: pl.DataFrame, *areas: str) -> bool:
    return not values.filter(pl.col("area_id").is_in(areas), pl.col("value").is_not_null()).is_empty()


def _multiples_caption(drawn: list[Row], of_n: int) -> str:
    """The caption of the small multiples: how many municipalities, and the nation's line where it is drawn."""
    areas = {row["area_id"] for row in drawn}
    shown = len(areas - {NATION})
    whom = f"De {of_n} kommunerna" if shown == of_n else f"{shown} av de {of_n} kommunerna, de som har värden"
    return f"{whom}, samma skala" + ("; grå linje är riket" if NATION in areas else "")


def _ranked(tables: Tables, row: Row) -> Row:
    kept = (
        "area_id", "name", "value", "lower_95", "upper_95", "status", "missing_reason", "caution",
        "rank_from_highest", "place_sv", "place_interval_sv", "outlier"
    )  # fmt: skip
    return {k: row[k] for k in kept} | {"group": "GR" if row["area_id"] in tables.members.get(GR, []) else ""}


def _series(tables: Tables, values: pl.DataFrame, areas: list[str], breaks: set[int]) -> list[Row]:
    """Rows of a chart over years, each area from its first value to its last."""
    found = []
    for area in areas:
        rows = values.filter(sex="T", area_id=area)
        known = rows.filter(pl.col("value").is_not_null())["year"]
        if len(known):
            span = rows.filter(pl.col("year").is_between(known.min(), known.max())).to_dicts()
            found += [
                {k: r[k] for k in ("year", "value", "lower_95", "upper_95")}
                | {"area_id": area, "name": tables.name(area), "broken": r["year"] in breaks}
                for r in span
            ]
    return found


def _formula(tables: Tables, row: Row) -> str | None:
    """The formula of a computed value; None for a value that is published by its source."""
    if row["processing_level"] != "computed":
        return None
    top, bottom = row["numerator"], row["denominator"]
    plain = tables.indicators.get(row["indicator_id"].removesuffix(_FIXED))
    if top is None and plain is not None:
        return f"{plain['indicator_id']}, omräknat till {row['price_basis']}"
    text = f"({top}) / ({bottom})" if bottom else str(top)
    if row["multiplier"] not in (None, 1.0):
        text = f"{row['multiplier']:g} × {text}"
    return text.replace(" * ", " × ")


def _worked(tables: Tables, indicator: Row) -> Row | None:
    """A worked example: one area's newest value with its inputs, and the price adjustment."""
    of_areas = {r["area_id"]: r for r in tables.ranked.get(indicator["indicator_id"], [])}
    row = next((of_areas[a] for a in _WORKED if a in of_areas and _trusted(of_areas[a])), None)
    row = row or next((r for r in of_areas.values() if _trusted(r)), None)
    if row is None:
        return None
    kept = {k: row[k] for k in ("name", "year", "value", "numerator", "denominator")}
    if row["numerator"] is None or not row["denominator"]:
        return kept | {"price": None}
    plain = (indicator["multiplier"] or 1) * row["numerator"] / row["denominator"]
    price = row["value"] / plain if plain else 1
    return kept | {"price": None if math.isclose(price, 1, rel_tol=1e-6) else price}


def _trusted(row: Row) -> bool:
    return row["value"] is not None and row["caution"] is None


def _events(tables: Tables, indicator_id: str, values: pl.DataFrame) -> str:
    """Decisions and starts within the series' years, for the chart."""
    if values.is_empty():
        return "[]"
    moved = {r["event_id"] for r in tables.whole["reform_event_indicator"] if r["indicator_id"] == indicator_id}
    national = [
        e for e in tables.whole["reform_event"]
        if e["event_id"] in moved or (e["kind"] in _EVENTS and NATION in (e["areas"] or "").split(", "))
    ]  # fmt: skip
    first = values["year"].min()
    drawn = [
        {"from": e["earliest"].year + (e["earliest"].month - 1) / 12,
         "to": (e["ended_by"] or e["earliest"]).year + ((e["ended_by"] or e["earliest"]).month - 1) / 12,
         "title": e["title_sv"]}
        for e in national
        if isinstance(first, int) and e["earliest"].year >= first
    ]  # fmt: skip
    return json.dumps(drawn, ensure_ascii=False)


def _list(tables: Tables) -> Page:
    themes = [
        {"theme": theme, "indicators": [
            {k: r[k] for k in ("indicator_id", "title_sv", "unit", "first_year", "last_year", "no_values_sv",
                                      "processing_level")}
            for r in tables.indicators.values() if r["theme"] == theme
        ]}
        for theme in THEMES
    ]  # fmt: skip
    return Page("nyckeltal.html", "nyckeltal_lista.html", "Nyckeltal", {"themes": themes})
