"""Profiles of areas, and the list of them. Belongs here: what a municipality, county, group or the nation is shown."""

from __future__ import annotations

from collections.abc import Iterator

from indicators.words import AREA_TYPES, THEMES
from pipelines.site.pages.page import GR, NATION, Page, area_path
from pipelines.site.tables import Row, Tables

_EDGE = 5  # per cent: how far out a value is before it is told as standing out
_FEWEST = 100  # municipalities with a value before a place among them says anything
_MOST_TOLD = 8
_SIZES = {"count", "amount"}  # these only tell how large a municipality is


def area_pages(tables: Tables) -> Iterator[Page]:
    """The list, and a profile of each area that has a value."""
    yield _list(tables)
    for area_id, area in tables.areas.items():
        yield Page(area_path(area_id), "omrade.html", area["name"], _profile(tables, area))


def _profile(tables: Tables, area: Row) -> Row:
    known = tables.newest[area["area_id"]]
    is_nation = area["area_id"] == NATION
    lines = {theme: [_line(tables, i, known[i]) for i in _of_theme(tables, theme) if i in known] for theme in THEMES}
    return {
        "area": {"area_id": area["area_id"], "name": area["name"], "type": AREA_TYPES[area["area_type"]]},
        "has_nation": not is_nation and area["area_type"] != "region",
        "has_similar": area["area_type"] == "municipality",
        "has_gr": area["area_type"] in {"municipality", "county"},
        "place": _place(tables, area),
        "similar": [
            {"area_id": s["similar_area_id"], "name": tables.name(s["similar_area_id"])}
            for s in tables.similar.get(area["area_id"], [])
        ],
        "members": [
            {"area_id": m, "name": tables.name(m)} for m in tables.members.get(area["area_id"], []) if m in tables.areas
        ],
        "themes": [{"theme": theme, "lines": found} for theme, found in lines.items() if found],
        "outstanding": _outstanding(lines),
        "missing": [
            {"indicator_id": i, "title": row["title_sv"], "theme": row["theme"]}
            for i, row in tables.indicators.items()
            if i not in known and row["last_year"] is not None
        ],
        "old": [
            {"indicator_id": i, "title": tables.indicators[i]["title_sv"], "year": row["year"],
             "newest": tables.indicators[i]["last_year"]}
            for i, row in known.items()
            if row["year"] < (tables.indicators[i]["last_year"] or 0)
        ],
    }  # fmt: skip


def _place(tables: Tables, area: Row) -> Row:
    """Where the area belongs: its county, its kind and GR, each with a page of its own."""
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
        "value_type": of["value_type"],
        "source": of["attribution"],
        **{
            name: newest[name]
            for name in (
                "years", "series", "breaks", "year", "value", "lower_95", "upper_95", "is_preliminary", "nation", "gr",
                "gr_is_unweighted", "similar_mean", "significance", "rank", "of_n", "percentile", "verdict",
                "direction", "trend_from",
            )
        },
    }  # fmt: skip


def _outstanding(lines: dict[str, list[Row]]) -> list[Row]:
    """What lies furthest out among the municipalities, each theme's furthest first; no judgement is made of it."""
    found = [
        line | {"theme": theme, "edge": min(line["percentile"], 100 - line["percentile"])}
        for theme, of_theme in lines.items()
        for line in of_theme
        if line["percentile"] is not None and (line["of_n"] or 0) >= _FEWEST and line["value_type"] not in _SIZES
    ]
    out = sorted((f for f in found if f["edge"] <= _EDGE), key=lambda f: (f["edge"], f["indicator_id"]))
    told: list[Row] = []
    for line in out:  # one of several twins (per inhabitant, in fixed prices) is enough
        twin = line["indicator_id"].removesuffix("_fasta_priser")
        if all(t["indicator_id"].removesuffix("_fasta_priser") != twin for t in told):
            told.append({k: line[k] for k in ("indicator_id", "title", "theme", "unit", "decimals", "value", "year",
                                              "nation", "percentile", "rank", "of_n")})  # fmt: skip
    return told[:_MOST_TOLD]


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
