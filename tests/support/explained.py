"""Asking `nyckeltal explain` and reading its answer, with the indicators that several files of tests ask for."""

from __future__ import annotations

import json
from typing import Any

from tests.support.command import Done, Place, Preloaded

SAFETY, COST, TOTAL = "trygghet_hemtjanst", "kostnad_aldreomsorg_per_inv_80", "kostnad_aldreomsorg_totalt"
FIXED, SHARE = "kostnad_aldreomsorg_per_inv_80_fasta_priser", "andel_aldreomsorg_av_omsorgskostnad"
INDEX, FALLS, WRONG = "kostnad_aldreomsorg", "fallskador_80", "olampliga_lakemedel_sarskilt_boende"


def explain(run_cli: Preloaded, place: Place, *asked: str) -> tuple[Done, dict[str, Any]]:
    done = run_cli("explain", *asked, "--json", "--data-dir", place.data_dir)
    return done, json.loads(done.out) if done.out else {}


def measures(made_of: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {m["series"]: m for term in made_of["terms"] for m in term["measures"]}


def observed(place: Place, indicator: str, area: str, year: int) -> float:
    where = f"indicator_id = '{indicator}' and area_id = '{area}' and year = {year} and sex = 'T'"
    return float(place.sql(f"select value from observation where {where}").item())
