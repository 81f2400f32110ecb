"""Profiles of areas, and the list of them. Belongs here: the content for a municipality, county, group or the
nation.
"""

from __future__ import annotations

from collections.abc import Iterator

from indicators.model.words import AREA_TYPES, THEMES
from pipelines.reading.similar_areas import far
from pipelines.site.pages.outstanding import outstanding
from pipelines.site.pages.page import GR, NATION, Page, area_path
from pipelines.site.release_data import Row, Tables

# These only reflect a municipality's size.
_SIZES = {"count", "amount"}
_SIZE_UNITS = {"antal", "kr", "mnkr"}


def area_pages(tables: Tables) -> Iterator[Page]:
    """The list, and a profile of each area that has a value."""
    yield _list(tables)
    for area_id, area in tables.areas.items():
        yield Page(area_path(area_id), "omrade.html", area["name"], _profile(tables, area))


def _profile(tables: Tables, area: Row) -> Row:
    known = tables.newest[area["area_id"]]
    is_nation = area["area_id"] == NATION
    measured = tables.measured[area["area_type"]]
    lines = {theme: [_line(tables, i, known[i]) for i in _of_theme(tables, theme) if i in known] for theme in THEMES}
    return {
        "area": {"area_id": area["area_id"], "name": area["name"],
                 "type": "Hela landet" if is_nation else AREA_TYPES[area["area_type"]]},
        "has_nation": not is_nation,
        "has_similar": area["area_type"] == "municipality",
        "has_gr": area["area_type"] in {"municipality", "county"},
        "place": _place(tables, area),
        "similar": _similar(tables.similar.get(area["area_id"], []), tables),
        "members": [
            {"area_id": m, "name": tables.name(m)} for m in tables.members.get(area["area_id"], []) if m in tables.areas
        ],
        "themes": [{"theme": theme, "lines": found} for theme, found in lines.items() if found],
        "outstanding": outstanding(lines) if area["area_type"] == "municipality" else None,
        "missing": [
            {"indicator_id": i, "title": row["title_sv"], "theme": row["theme"]}
            for i, row in tables.indicators.items()
            if i not in known and i in measured
        ],
        "not_measured": sum(r["last_year"] is not None and i not in measured for i, r in tables.indicators.items()),
        "old": [
            {"indicator_id": i, "title": tables.indicators[i]["title_sv"], "year": row["year"],
             "newest": tables.indicators[i]["last_year"]}
            for i, row in known.items()
            if row["year"] < (tables.indicators[i]["last_year"] or 0)
        ],
    }  # fmt: skip


def _similar(found: list[Row], tables: Tables) -> Row | None:
    """The area's neighbours by the default set, nearest first, and whether they are near; None without any."""
    if not found:
        return None
    return {
        "set": found[0]["title_sv"],
        "year": found[0]["year"],
        "areas": [{"area_id": s["similar_area_id"], "name": tables.name(s["similar_area_id"])} for s in found],
        "far": far([s["distance_percentile"] for s in found]),
    }


def _place(tables: Tables, area: Row) -> Row:
    """The groups of the area that have a page: its county, its type and GR."""
    groups = [g for g in tables.groups_of.get(area["area_id"], []) if g in tables.areas]
    return {"groups": [{"area_id": g, "name": tables.name(g)} for g in groups]}


def _of_theme(tables: Tables, theme: str) -> list[str]:
    return [i for i, row in tables.indicators.items() if row["theme"] == theme]


def _line(tables: Tables, indicator_id: str, newest: Row) -> Row:
    of = tables.indicators[indicator_id]
    return {
        "indicator_id": indicator_id,
        "title": of["title_sv"],
        "unit": of["unit"],
        "decimals": of["decimals"],
        "polarity": of["polarity"],
        "is_size": of["value_type"] in _SIZES or of["unit"].split(" i ")[0] in _SIZE_UNITS,
        **{
            name: newest[name]
            for name in (
                "years", "series", "breaks", "year", "value", "lower_95", "upper_95", "caution", "is_preliminary",
                "nation", "gr", "gr_is_unweighted", "similar_median", "similar_n", "significance", "place_sv",
                "verdict", "direction", "trend_from", "trend_to", "place_interval_sv", "basis", "p_value", "q_of_area",
                "stands_out", "target", "size_group",
            )
        },
    }  # fmt: skip


def _list(tables: Tables) -> Page:
    counties: dict[str, list[Row]] = {}
    for area in tables.areas.values():
        if area["area_type"] == "municipality":
            counties.setdefault(area["county_id"], []).append({"area_id": area["area_id"], "name": area["name"]})

    def of_type(kind: str) -> list[Row]:
        return [
            {"area_id": a["area_id"], "name": a["name"]}
            for a in tables.areas.values()
            if a["area_type"] == kind and a["area_id"] not in {GR, NATION}
        ]

    content = {
        "gr": [{"area_id": m, "name": tables.name(m)} for m in tables.members.get(GR, [])],
        "counties": [
            {"area_id": county, "name": tables.name(county), "members": members}
            for county, members in sorted(counties.items(), key=lambda found: tables.name(found[0]))
        ],
        "groups": of_type("group"),
        "regions": of_type("region"),
    }
    return Page("kommuner.html", "kommuner.html", "Kommuner", content)
