"""The pages about the warehouse itself: start, gaps, quality, checks, changes, about.

Belongs here: the content of each.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from indicators.model.words import THEMES
from pipelines.site.pages.page import GR, NATION, Page
from pipelines.site.release_data import Row, Tables

# The heading of the quality declaration of Swedish official statistics for a check, by its name.
_HEADINGS = (
    ("Aktualitet och punktlighet", re.compile(r"\.coverage_last_year")),
    ("Relevans", re.compile(r"\.coverage_")),
    ("Jämförbarhet och samanvändbarhet", re.compile(r"^(control|weight)\.")),
    ("Tillgänglighet och tydlighet", re.compile(r"^release\.")),
)
_ORDER = (
    "Relevans", "Tillförlitlighet", "Aktualitet och punktlighet", "Tillgänglighet och tydlighet",
    "Jämförbarhet och samanvändbarhet",
)  # fmt: skip
_ACCURACY = "Tillförlitlighet"
# What was done about a publisher's error, by the action of its correction: singular and plural.
_MENDED = ("rättat här", "rättade här")
_DROPPED = ("borttaget här", "borttagna här")
_MARKED = ("bara utmärkt, värdet står kvar med en varning", "bara utmärkta, värdena står kvar med en varning")
_FLAGGED = ("bara utpekat för en människa, värdet står kvar", "bara utpekade för en människa, värdena står kvar")
_DONE_ORDER = (_MENDED, _DROPPED, _MARKED, _FLAGGED)
_DONE = {"override": _MENDED, "scale": _MENDED, "drop": _DROPPED, "caution": _MARKED, "flag": _FLAGGED}
# The suites of checks that are not on a delivery, in the order in which they are made.
_SUITES = {
    "warehouse": "Tabellerna: dbt:s tester",
    "correction": "Rättelser av källors fel",
    "control": "Avstämningar mellan tal som borde stämma överens",
    "weight": "Vikter: kommunerna tillsammans mot riket",
    "caution": "Varningar på värden",
    "submissions": "Röjanderisk i kommunernas egna uppgifter",
    "release": "Utgåvan",
}
_FIRST_SHOWN = (
    "kostnad_aldreomsorg_per_inv_80", "andel_kostnad_ordinart_boende", "trygghet_hemtjanst",
    "andel_arbetad_tid_timavlonade_omsorg",
)  # fmt: skip


def record_pages(tables: Tables) -> Iterator[Page]:
    """Start, Jämför, Luckor, Kvalitet, Kontroller, Ändringar, its feed, and Om."""
    yield Page("index.html", "start.html", "Start", _start(tables))
    yield Page("jamfor.html", "jamfor.html", "Jämför", {})
    yield Page("luckor.html", "luckor.html", "Luckor", _gaps(tables))
    yield Page("kvalitet.html", "kvalitet.html", "Kvalitet", _quality(tables))
    yield Page("kontroller.html", "kontroller.html", "Kontroller", _checks(tables))
    yield Page("andringar.html", "andringar.html", "Ändringar", _changes(tables))
    yield Page("andringar.atom", "andringar.atom", "Ändringar", _changes(tables))
    yield Page("om.html", "om.html", "Om", _about(tables))


def _start(tables: Tables) -> Row:
    with_values = [r for r in tables.indicators.values() if r["last_year"] is not None]
    years = Counter(r["last_year"] for r in with_values)
    shown = [tables.indicators[i] for i in _FIRST_SHOWN if i in tables.indicators]
    return {
        "counts": {
            "indicators": len(tables.indicators),
            "with_values": len(with_values),
            "known": tables.whole["count"][0]["values_known"],
            "revisions": tables.whole["count"][0]["revisions"],
            "is_first": tables.release["previous_release_id"] is None,
            "municipalities": sum(a["area_type"] == "municipality" for a in tables.areas.values()),
        },
        "newest": sorted(years.items(), reverse=True)[:3],
        "themes": [
            {"theme": theme, "n": sum(r["theme"] == theme for r in with_values),
             "all": sum(r["theme"] == theme for r in tables.indicators.values())}
            for theme in THEMES
        ],
        "shown": [{"indicator_id": r["indicator_id"], "title": r["title_sv"], "unit": r["unit"],
                   "decimals": r["decimals"]} for r in shown],
        "gr": [
            {"area_id": area, "name": tables.name(area),
             "values": [_short(tables, area, r["indicator_id"]) for r in shown]}
            for area in [*sorted(tables.members.get(GR, []), key=tables.name), GR, NATION]
            if area in tables.newest
        ],
    }  # fmt: skip


def _short(tables: Tables, area: str, indicator_id: str) -> Row | None:
    row = tables.newest[area].get(indicator_id)
    return row and {k: row[k] for k in ("value", "year", "years", "series", "breaks")}


def _gaps(tables: Tables) -> Row:
    frames: dict[str, list[Row]] = defaultdict(list)
    for item in tables.whole["frame_item"]:
        frames[item["frame_title_sv"]].append(item)
    return {
        "gaps": [
            gap | {"proxy_title": tables.indicators.get(gap["proxy_indicator"] or "", {}).get("title_sv")}
            for gap in tables.whole["data_gap"]
        ],
        "frames": [{"title": title, "source": items[0]["source"], "items": items} for title, items in frames.items()],
        "factors": tables.whole["success_factor"],
        "without_values": [
            {"indicator_id": i, "title": r["title_sv"], "theme": r["theme"], "source": r["source_id"]}
            for i, r in tables.indicators.items() if r["last_year"] is None
        ],
    }  # fmt: skip


def heading_of(check_id: str) -> str:
    """The heading for a check."""
    return next((title for title, known in _HEADINGS if known.search(check_id)), _ACCURACY)


def _quality(tables: Tables) -> Row:
    by_heading: dict[str, list[Row]] = {title: [] for title in _ORDER}
    for check in tables.whole["quality_result"]:
        by_heading[heading_of(check["check_id"])].append(check)
    coverage = [rows[0] for rows in tables.by_indicator["coverage"].values() if rows]
    return {
        "headings": [
            {"title": title, "checks": checks, "warned": [c for c in checks if not c["passed"]]}
            for title, checks in by_heading.items()
        ],
        "of_n": len(tables.whole["quality_result"]),
        "failed": sum(not c["passed"] for c in tables.whole["quality_result"]),
        "controls": tables.whole["control"],
        "weights": {row["verdict"]: row["n"] for row in tables.whole["weight"]},
        "differences": tables.whole["weight_declared"],
        "indices": [
            index | {"parts": [p for p in tables.whole["index_part"] if p["composite_id"] == index["composite_id"]]}
            for index in tables.whole["index"]
        ],
        "sources": tables.whole["source"],
        "stale": tables.release["stale_sources"] or "",
        "quarantine": tables.whole["quarantine"],
        "corrections": corrections_told(tables.whole["correction"]),
        "cautions": tables.whole["caution"],
        "full_coverage": sum(c["with_value"] == c["of_n"] for c in coverage),
        "covered": len(coverage),
        "plausibility": tables.whole["count"][0]["doubtful"],
        "breaks": sum(r["breaks"] is not None for r in tables.indicators.values()),
    }


def _checks(tables: Tables) -> Row:
    fetched = {f"{s['source_id']}.{s['dataset']}": s for s in tables.whole["source"]}
    return {
        "created_at": tables.release["created_at"],
        "suites": [
            {
                "suite": suite,
                "title": _SUITES.get(suite, ""),
                "source": fetched.get(suite),
                "checks": checks,
                "failed": sum(not c["passed"] for c in checks),
            }
            for suite, checks in suites_of(tables.whole["quality_result"])
        ],
    }


def suites_of(checks: list[Row]) -> list[tuple[str, list[Row]]]:
    """Checks by suite, each with its `rule`: deliveries first, then the others in the order in which they are made."""
    found: dict[str, list[Row]] = defaultdict(list)
    for check in sorted(checks, key=lambda check: str(check["check_id"])):
        suite, _, rule = check["check_id"].rpartition(".")
        found[suite].append(check | {"rule": rule})
    order = list(_SUITES)
    return sorted(found.items(), key=lambda of: (order.index(of[0]) if of[0] in order else -1, of[0]))


def corrections_told(corrections: list[Row]) -> str:
    """How many of the publishers' errors are corrected and how many only flagged; empty if there are none."""
    done = Counter(_DONE[c["action"]] for c in corrections)
    parts = [f"{n} är {one if n == 1 else several}" for one, several in _DONE_ORDER if (n := done[one, several])]
    if not parts:
        return ""
    n = len(corrections)
    known = "Ett fel hos en källa är känt" if n == 1 else f"{n} fel hos källor är kända"
    return f"{known}: {', '.join(parts)}."


def _changes(tables: Tables) -> Row:
    def titled(row: Row) -> Row:
        of = tables.indicators.get(row["indicator_id"], {})
        return row | {"title": of.get("title_sv", row["indicator_id"]), "decimals": of.get("decimals", 1)}

    moments: dict[str, Row] = {}
    for row in tables.whole["knowledge"]:
        moment = moments.setdefault(row["known_from"].isoformat(), {"known_from": row["known_from"], "changes": []})
        moment["changes"].append({k: row[k] for k in ("change", "n", "indicators")})
    return {
        "by_indicator": [titled(r) for r in tables.whole["revision_by_indicator"]],
        "revisions": [titled(r) for r in tables.whole["revision"]],
        "of_n": tables.whole["count"][0]["revisions"],
        "is_first": tables.release["previous_release_id"] is None,
        "moments": list(moments.values()),
    }


def _about(tables: Tables) -> Row:
    sources: dict[str, set[str]] = defaultdict(set)
    for row in tables.indicators.values():
        for source in row["source_id"].split(", "):
            if ", " not in row["source_id"]:
                sources[row["rights"]].add(source)
    rights = [{"text": text, "sources": sorted(named)} for text, named in sorted(sources.items())]
    licences = {(s["source_id"], s["licence"], s["attribution"]) for s in tables.whole["source"]}
    return {
        "release": tables.release,
        "rights": rights,
        "licences": [{"source": s, "licence": t, "attribution": a} for s, t, a in sorted(licences)],
    }
