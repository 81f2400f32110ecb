"""The full Kolada level as input: each series a published indicator, areas repeated under other ids for more rows.

Belongs here: writing the bench's snapshot and declarations, and the floor: DuckDB alone, from the same file to the same
tables, without archive, checks, vintages or orchestration.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import duckdb

from indicators.load.catalogue import HOME, load_catalogue
from pipelines.settings import ROOT

SNAPSHOT = ROOT / "data" / "snapshot"
_AREAS_APART = 3000  # repeated areas: 0180, 3180, 6180


def write_input(values: Path, target: Path, times: int) -> int:
    """Write a snapshot and declarations below `target`; returns the number of rows."""
    shutil.rmtree(target, ignore_errors=True)
    snapshot = target / "snapshot"
    shutil.copytree(SNAPSHOT, snapshot)
    con = duckdb.connect(config={"memory_limit": "4GB"})
    shift = f"lpad(((municipality)::integer + {_AREAS_APART} * n)::varchar, 4, '0')"
    con.execute(
        f"""
        copy (
            select kpi as series_id, {shift} as area_id, year, gender as sex, value, null::varchar as status
            from read_parquet('{values}'), range({times}) as r(n) order by 1, 2, 4, 3
        ) to '{snapshot / "kolada_values.parquet"}' (format parquet, compression zstd)
        """
    )
    con.execute(
        f"""
        copy (
            select lpad((area_id::integer + {_AREAS_APART} * n)::varchar, 4, '0') as area_id,
                name || case when n > 0 then ' ' || n else '' end as name, area_type
            from read_csv('{SNAPSHOT / "kolada_municipality.csv"}', all_varchar = true), range({times}) as r(n)
            order by 1
        ) to '{snapshot / "kolada_municipality.csv"}' (format csv, header)
        """
    )
    series = con.execute(
        f"select series_id, count(*), count(distinct area_id), min(year), max(year) "
        f"from '{snapshot / 'kolada_values.parquet'}' group by 1 order by 1"
    ).fetchall()
    _write_promises(snapshot, series, areas=312 * times)
    _write_declarations(target / "declarations", [s for s, *_ in series])
    return sum(int(n) for _, n, *_ in series)


def _write_promises(snapshot: Path, series: list[tuple[str, int, int, int, int]], areas: int) -> None:
    manifest = json.loads((snapshot / "manifest.json").read_text(encoding="utf-8"))
    promised = {s: {"rows": n, "areas": a, "first_year": f, "last_year": last} for s, n, a, f, last in series}
    manifest["datasets"]["kolada.values"]["promise"] = {
        "rows": sum(p["rows"] for p in promised.values()), "complete": True, "series": promised
    }  # fmt: skip
    manifest["datasets"]["kolada.municipality"]["promise"] = {"rows": areas, "complete": True, "series": {}}
    (snapshot / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def _write_declarations(home: Path, series: list[str]) -> None:
    (home / "catalogue" / "kvalitet").mkdir(parents=True)
    shutil.copytree(HOME / "registers", home / "registers")
    # What names indicators of the real catalogue.
    shutil.rmtree(home / "registers" / "studies")
    for name in ("controls", "data_gaps", "composites", "reform_events", "funding", "interventions", "findings"):
        (home / "registers" / f"{name}.yml").write_text("[]\n", encoding="utf-8")
    for kpi in series:
        indicator = f"serie_{kpi.lower()}"
        declared = {
            "indicator_id": indicator, "title_sv": f"Serie {kpi} som den är", "title_en": f"Series {kpi} as it is",
            "definition_sv": f"Kolada-serien {kpi}, tagen som den är, för mätning av hastighet.",
            "purpose_sv": "Mäter systemets hastighet på hela materialet.", "theme": "kvalitet", "kind": "published",
            "dataset": "kolada.values", "series": kpi, "unit": "antal", "decimals": 1, "value_type": "mean",
            "polarity": "no_judgement", "plausible_range": {"min": -1e6, "max": 1e6}, "valid_from": "2026-01-01",
        }  # fmt: skip
        text = json.dumps(declared, ensure_ascii=False)  # JSON is YAML
        (home / "catalogue" / "kvalitet" / f"{indicator}.yml").write_text(text, encoding="utf-8")


FLOOR = """
create table release.observation_vintage as
select
    'serie_' || lower(v.series_id) as indicator_id, v.area_id, v.year::integer as year, v.sex, v.value,
    null::double as numerator, null::double as denominator, null::double as lower_95, null::double as upper_95,
    case when v.value is null then 'missing' else 'normal' end as status,
    case when v.value is null then 'published_missing' end as missing_reason,
    false as is_preliminary, false as break_before, null::varchar as price_basis,
    timestamp '2026-01-01' as known_from, null::timestamp as known_to, 1 as revision, 'new' as change,
    '0000000000000000000000000000000000000000000000000000000000000000' as source_file_sha256, 1 as recipe_version
from read_parquet($values) as v
order by all;
create table release.observation as
select * exclude (known_to, revision, change) from release.observation_vintage where known_to is null;
create table members as
select m.group_id, m.area_id, g.group_type, g.compared_area_id, g.our_id
from read_csv($members, all_varchar = true) as m
join groups as g using (group_id);
create table release.comparison as
with o as (select * from release.observation where value is not null),
m as (select o.* from o where area_id > '0100' and substr(area_id, 1, 2) not in ('30', '60')),
g as (
    select indicator_id, year, sex, our_id, group_type, avg(m.value) as mean_value, median(m.value) as median_value
    from m join members using (area_id) where group_type <> 'liknande' group by all
),
a as (
    select compared_area_id as area_id, indicator_id, year, sex, avg(m.value) as value
    from members join m using (area_id) where group_type = 'liknande' group by all
),
own as (
    select area_id, max(our_id) filter (where group_type = 'county') as county,
        max(our_id) filter (where group_type = 'kommungrupp') as kind
    from members group by area_id
),
r as (
    select m.*,
        rank() over (partition by indicator_id, year, sex order by -value) as place,
        count(*) over (partition by indicator_id, year, sex) as of_n,
        percent_rank() over (partition by indicator_id, year, sex order by value) as share,
        max(value) over (
            partition by indicator_id, area_id, sex order by year range between 1 preceding and 1 preceding
        ) as value_1y,
        max(value) over (
            partition by indicator_id, area_id, sex order by year range between 5 preceding and 5 preceding
        ) as value_5y
    from m
)
select r.indicator_id, r.area_id, r.year, r.sex, r.value, n.value as nation, c.mean_value as county_mean,
    null::double as gr_weighted, gr.mean_value as gr_unweighted, k.median_value as kommungrupp_median,
    a.value as similar_mean, r.value - n.value as difference_to_nation, 'not_estimable' as significance,
    r.place::integer as rank, r.of_n::integer as of_n, 100 * r.share as percentile, r.value - r.value_1y as change_1y,
    r.value - r.value_5y as change_5y
from r
left join own using (area_id)
left join (select * from o where area_id = '0000') as n
    on (n.indicator_id, n.year, n.sex) = (r.indicator_id, r.year, r.sex)
left join g as gr on (gr.indicator_id, gr.year, gr.sex, gr.group_type) = (r.indicator_id, r.year, r.sex, 'gr')
left join g as c on (c.indicator_id, c.year, c.sex, c.our_id) = (r.indicator_id, r.year, r.sex, own.county)
left join g as k on (k.indicator_id, k.year, k.sex, k.our_id) = (r.indicator_id, r.year, r.sex, own.kind)
left join a on (a.area_id, a.indicator_id, a.year, a.sex) = (r.area_id, r.indicator_id, r.year, r.sex)
order by r.indicator_id, r.area_id, r.sex, r.year;
"""


def run_floor(source: Path, target: Path, threads: int) -> None:
    """DuckDB alone: the three large tables, ordered, as a database and as Parquet."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    catalogue = load_catalogue(source / "declarations")
    con = duckdb.connect(config={"threads": threads, "temp_directory": str(target / "spill")})
    con.execute(f"attach '{target / 'floor.duckdb'}' as release")
    con.execute("create table groups (group_id varchar, our_id varchar, group_type varchar, compared_area_id varchar)")
    names = dict(con.execute(f"select name, area_id from '{source}/snapshot/kolada_municipality.csv'").fetchall())
    rows = [(g.kolada_group, g.group_id, g.group_type, None) for g in catalogue.groups if g.kolada_group]
    titles = con.execute(
        f"select distinct group_id, group_title from '{source}/snapshot/kolada_municipality_groups.csv'"
    )
    pattern = re.compile(catalogue.similar[0].title_pattern)
    rows += [(g, g, "liknande", names.get(m["area"])) for g, t in titles.fetchall() if (m := pattern.search(t))]
    con.executemany("insert into groups values (?, ?, ?, ?)", rows)
    values = str(source / "snapshot" / "kolada_values.parquet")
    members = str(source / "snapshot" / "kolada_municipality_groups.csv")
    for statement in FLOOR.split(";\n"):
        if statement.strip():
            named = {k: v for k, v in {"values": values, "members": members}.items() if f"${k}" in statement}
            con.execute(statement, named)
    for table in ("observation_vintage", "observation", "comparison"):
        con.execute(f"copy release.{table} to '{target / table}.parquet' (format parquet, compression zstd)")
