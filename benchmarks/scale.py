"""The full Kolada level as input: each series a published indicator, areas repeated under other ids for more rows.

Belongs here: writing the bench's snapshot and declarations. Does not belong here: what is measured with them.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb

from indicators.load.catalogue import HOME
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
