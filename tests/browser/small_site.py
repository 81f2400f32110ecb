"""A hand-made site of a few pages with real figures, as the script expects pages to be (no templates of the product).

Belongs here: figures of every kind, each with its table, the index and one indicator's own file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import duckdb

from pipelines.release.shared_files import ReleaseFiles
from pipelines.settings import ROOT
from pipelines.site.scripts import write_scripts
from pipelines.storage.release_pointer import DATABASE

COST = "kostnad_aldreomsorg_per_inv_80"
SAFE = "trygghet_hemtjanst"  # counts of persons, so with intervals
# Nothing but the folder's own scripts, and no code made out of text.
POLICY = "default-src 'none'; script-src file:; style-src file: 'unsafe-inline'; img-src data:"
HIDDEN = 4  # municipalities whose value the map is not told
EVENTS = [
    {"from": 2018.75, "to": None, "title": "Utredningen God och nära vård"},
    {"from": 2020.2, "to": 2022.25, "title": "Pandemin"},
    {"from": 2021.0, "to": None, "title": "Överenskommelsen om en god och nära vård 2021"},
]
NUMBERS = {"year", "since", "is_after", "gap", "value", "lower", "upper", "observed", "counterfactual"}
SITE = ROOT / "pipelines" / "site" / "static"
STYLE = "".join((SITE / name).read_text(encoding="utf-8") for name in ("site.css", "charts.css"))

Rows = Sequence[Mapping[str, Any]]


def make(release: Path, folder: Path) -> Path:
    """Write the site of a release into a folder."""
    release_files = ReleaseFiles(folder, None, "test")
    write_scripts(release_files)
    (folder / "data").mkdir()
    with duckdb.connect(str(release / DATABASE), read_only=True) as con:
        _script(folder / "assets" / "index.js", "nyckeltal_index", _index(con))
        for indicator_id in (COST, SAFE):
            text = json.dumps(_file(con, indicator_id), ensure_ascii=False)
            script = (
                f"window.nyckeltal_data = window.nyckeltal_data || {{}}; nyckeltal_data['{indicator_id}'] = {text};"
            )
            (folder / "data" / f"{indicator_id}.js").write_text(script, encoding="utf-8")
        _page(folder / "figurer.html", "Figurer", "".join(_figures(con)))
    _script(folder / "assets" / "release.js", "nyckeltal_release", {"id": "r", "text": "Utgåva r, 26 november 2026"})
    _page(folder / "index.html", "Start", START)
    _page(folder / "jamfor.html", "Jämför", COMPARE)
    _page(folder / "brott.html", "Brott", broken := _broken())
    _page(folder / "utan_bilder.html", "Utan bilder", START + broken, ("release", "index", "charts"))
    return folder


START = """
<div class="search"><label for="sok">Sök</label><input id="sok" type="search"><ul id="sok-traffar"></ul></div>
<details class="table" open><summary>Tabell</summary><table class="sortable" data-name="tre">
<thead><tr><th scope="col" data-field="name"><a href="index.html">Kommun</a></th>
<th scope="col" data-field="value" data-type="number">Värde</th>
<th scope="col">Linje</th></tr></thead><tbody>
<tr><th scope="row">Öckerö</th><td data-value="1234.5">1 234,5</td><td>-</td></tr>
<tr><th scope="row">=Ale; "ett"</th><td data-value="">–</td><td>-</td></tr>
<tr><th scope="row">Åmål</th><td>−2,25</td><td>-</td></tr>
<tr><th scope="row">-3</th><td data-value="9">9</td><td>-</td></tr>
</tbody></table><button type="button" class="download" hidden>Ladda ner</button></details>
"""
COMPARE = '<form id="jamfor"></form><div id="jamfor-resultat"></div>'


def _page(path: Path, title: str, body: str, scripts: Iterable[str] = ("release", "index", "vega", "charts")) -> None:
    links = "".join(f'<script defer src="assets/{name}.js"></script>' for name in scripts)
    text = f"""<!doctype html><html lang="sv" data-root=""><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta http-equiv="Content-Security-Policy"
content="{POLICY}"><link rel="icon" href="data:,"><style>{STYLE}</style>{links}</head>
<body><main><h1>{title}</h1>{body}</main><footer><p id="utgava">-</p></footer></body></html>"""
    path.write_text(text, encoding="utf-8")


def _script(path: Path, name: str, content: object) -> None:
    path.write_text(f"window.{name} = {json.dumps(content, ensure_ascii=False)};", encoding="utf-8")


def figure(kind: str, caption: str, rows: Rows, **given: object) -> str:
    """A figure with its table, as pages write them; without rows it has none of its own."""
    words = {k: v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for k, v in given.items()}
    attributes = "".join(f' data-{name}="{escape(text)}"' for name, text in words.items())
    table = _table(kind, caption, rows) if rows else ""
    return f"""<figure class="chart" id="{kind}-{len(rows)}" data-chart="{kind}"{attributes}>
<figcaption>{escape(caption)}</figcaption><div class="picture"></div>{table}</figure>"""


def _table(kind: str, caption: str, rows: Rows) -> str:
    fields = list(rows[0])
    types = {f: ' data-type="number"' if f in NUMBERS else "" for f in fields}
    head = "".join(f'<th scope="col" data-field="{f}"{types[f]}>{f}</th>' for f in fields)
    body = "".join(f"<tr>{''.join(_cell(f, row[f]) for f in fields)}</tr>" for row in rows)
    return f"""<details class="table"><summary>Visa tabell</summary><div class="scroll" tabindex="0" role="region"
aria-label="{escape(caption)}"><table class="sortable" data-name="{kind}"><thead><tr>{head}</tr></thead>
<tbody>{body}</tbody></table></div><button type="button" class="download" hidden>Ladda ner (CSV)</button></details>"""


def _cell(field: str, value: object) -> str:
    if field in NUMBERS - {"year", "since", "is_after"}:
        shown = "–" if value is None else str(round(float(str(value))))
        return f'<td data-value="{"" if value is None else value}">{shown}</td>'
    return f"<td>{escape('' if value is None else str(value))}</td>"


def _broken() -> str:
    """One series with a gap after 2011, a break before 2015 in its rows and one before 2018 in its figure."""
    known = {2010: (4, 3, 5), 2011: (5, 4, 6), 2013: (6, None, None), 2014: (7, None, None), 2015: (2, None, None)}
    known |= {2016: (3, None, None), 2018: (8, 7, 9)}
    rows = [
        {"year": y, "area_id": "1480", "area_name": "Göteborg", "value": v, "lower": a, "upper": b}
        for y, (v, a, b) in known.items()
    ]
    rows = [{**row, "broken": "1" if row["year"] == 2015 else ""} for row in rows]
    return figure("serie", "Brott", rows, unit="%", decimals="0", breaks=[{"year": 2018, "reason": "Ny metod"}])


def _rows(con: duckdb.DuckDBPyConnection, sql: str, *parameters: object) -> list[dict[str, Any]]:
    found = con.execute(sql, list(parameters))
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


SERIES = """select o.year, o.area_id, a.name as area_name, o.value, o.lower_95 as lower, o.upper_95 as upper,
case when o.break_before then 1 end as broken from observation as o join area as a using (area_id)
where o.indicator_id = ? and o.sex = 'T' and list_contains(?, o.area_id) order by list_position(?, o.area_id), o.year"""
RANKED = """select o.area_id, a.name as area_name, o.value, o.lower_95 as lower, o.upper_95 as upper,
c.place_sv as rank_from_highest,
case when m.area_id is not null then 'GR' end as "group" from observation as o join area as a using (area_id)
left join area_membership as m on m.area_id = o.area_id and m.group_id = 'GR'
left join comparison as c using (indicator_id, area_id, year, sex)
where o.indicator_id = ? and o.year = 2022 and o.sex = 'T' and a.area_type = 'municipality' order by 1"""
OURS = "select m.area_id from area_membership as m join area as a using (area_id) where group_id = 'GR' order by name"
EFFECT = """select year, observed, counterfactual, lower_95 as lower, upper_95 as upper, is_after::int as is_after
from effect_series where study_id = 'kostnad_aldreomsorg_gr' and area_id = 'GR' and analysis_id = 'syntetisk_gr'
order by year"""
GAP = """select years_since as since, null as observed, null as counterfactual, gap, lower_95 as lower,
upper_95 as upper, is_after::int as is_after from effect_series where analysis_id = 'olika_starter'
and indicator_id like 'kostnad%' order by since"""
TIMELINE = """select title_sv as title, earliest as "from", latest as "to", ended_by as ended, kind, status
from reform_event order by earliest"""


def _figures(con: duckdb.DuckDBPyConnection) -> Iterable[str]:
    cost: dict[str, Any] = {"unit": "kr/inv 80+", "decimals": "0", "polarity": "no_judgement"}
    safe: dict[str, Any] = {"unit": "%", "decimals": "0", "polarity": "higher_better"}
    ours = [row["area_id"] for row in _rows(con, OURS)]
    chosen = ["1480", "1407", "GR", "0000"]
    breaks = [{"year": 2019, "reason": "Ny modell för räkenskapssammandraget"}]
    rows = _rows(con, SERIES, COST, chosen, chosen)
    yield figure("serie", "Kostnad för äldreomsorg", rows, events=EVENTS, breaks=breaks, indicator=COST, **cost)
    yield figure("serie", "Trygghet med hemtjänsten", _rows(con, SERIES, SAFE, chosen[:2], chosen[:2]), **safe)
    yield figure("rang", "Trygghet, kommun för kommun", ranked := _rows(con, RANKED, SAFE), **safe)
    yield figure("rang", "Kostnad i GR", [r for r in _rows(con, RANKED, COST) if r["group"]], **cost)
    hidden = [{**row, "value": None} if n < HIDDEN else row for n, row in enumerate(_rows(con, RANKED, COST))]
    yield figure("karta", "Sveriges kommuner", hidden, **cost)
    yield figure("karta_gr", "Karta över GR", [], **{"from": f"rang-{len(ranked)}"}, **safe)
    yield figure("multiplar", "GR:s kommuner", _rows(con, SERIES, COST, [*ours, "0000"], [*ours, "0000"]), **cost)
    yield figure("effekt", "Bara skillnaden", _rows(con, GAP), **cost)
    yield figure("effekt", "Verklig kostnad och utan förändringen", _rows(con, EFFECT), **cost)
    money = [("Regionerna", 5725), ("Kommunerna", 1000), ("SKR", 53)]
    amounts = [{"label": label, "value": value} for label, value in money]
    yield figure("staplar", "Överenskommelsen 2021", amounts, unit="mnkr", decimals="0")
    yield figure("tidslinje", "Händelser", _rows(con, TIMELINE))


def _index(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    indicators = _rows(
        con,
        "select indicator_id as id, title_sv as title, theme, unit, decimals, polarity, first_year as first, "
        "last_year as last, source_series as series from indicator order by 1",
    )
    areas = _rows(con, "select area_id as id, name, area_type as type from area where area_type <> 'unit' order by 1")
    return {"indicators": indicators, "areas": areas}


def _file(con: duckdb.DuckDBPyConnection, indicator_id: str) -> dict[str, Any]:
    (about,) = _rows(
        con,
        "select title_sv as title, unit, decimals, polarity, attribution, group_attribution from indicator "
        "where indicator_id = ?",
        indicator_id,
    )
    found = _rows(
        con,
        "select area_id, year, sex, value, lower_95, upper_95 from observation where indicator_id = ? "
        "and value is not null order by area_id, year",
        indicator_id,
    )
    areas, years = sorted({r["area_id"] for r in found}), sorted({r["year"] for r in found})
    sexes = [sex for sex in "TKM" if any(r["sex"] == sex for r in found)]
    cells = {(r["sex"], r["area_id"], r["year"]): r for r in found}

    def matrix(column: str) -> dict[str, list[list[float | None]]]:
        return {s: [[cells.get((s, a, y), {}).get(column) for y in years] for a in areas] for s in sexes}

    whole = {**about, "sexes": sexes, "areas": areas, "years": years, "breaks": [], "value": matrix("value")}
    if any(r["lower_95"] is not None for r in found):
        whole |= {"lower": matrix("lower_95"), "upper": matrix("upper_95")}
    return whole
