"""Small declarations: a sound indicator, its measures and registers, to be spoiled one key at a time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

INDICATOR: dict[str, Any] = {
    "indicator_id": "kostnad_provad",
    "title_sv": "Kostnad som är prövad",
    "title_en": "Cost that is tried",
    "definition_sv": "Kostnad för eget åtagande delad med antalet invånare den 31 december.",
    "purpose_sv": "Visar hur deklarationer av kostnader prövas.",
    "theme": "kostnad",
    "kind": "ratio",
    "numerator": "kostnad_totalt",
    "denominator": "invanare",
    "multiplier": 1000,
    "unit": "kr/inv",
    "decimals": 0,
    "value_type": "rate",
    "polarity": "no_judgement",
    "plausible_range": {"min": 0, "max": 1000},
    "cost_concept": "kostnad",
    "price_basis": {"kind": "fixed", "index": "kpif", "base_year": 2022},
    "valid_from": "2024-08-01",
}
REGISTERS: dict[str, list[dict[str, Any]]] = {
    "measures": [
        {"measure_id": m, "title_sv": m, "unit": "antal", "dataset": "kolada.values", "series": s}
        for m, s in (("kostnad_totalt", "N00001"), ("invanare", "N00002"))
    ],
    "price_indices": [{"index_id": "kpif", "title_sv": "KPIF", "dataset": "scb.kpif", "base_year": 2022}],
    "data_gaps": [
        {
            "gap_id": "saknat",
            "wanted_sv": "Något som ingen källa ger",
            "frame": "GR",
            "theme": "kostnad",
            "why_missing_sv": "Ingen källa samlar in det i dag.",
            "proxy_indicator": "kostnad_provad",
            "could_provide_sv": "Kommunerna",
        }
    ],
    "controls": [
        {
            "control_id": "summa",
            "title_sv": "Summan",
            "kind": "nation_sum",
            "measure": "kostnad_totalt",
            "tolerance": 0.01,
        }
    ],
}


def without(mapping: dict[str, Any], *keys: str, **other: Any) -> dict[str, Any]:
    """The mapping without some keys and with others."""
    return {k: v for k, v in mapping.items() if k not in keys} | other


def write_home(home: Path, *indicators: dict[str, Any], **registers: list[dict[str, Any]]) -> Path:
    """Write declarations below `home`, each indicator where its theme and id say."""
    for indicator in indicators or (INDICATOR,):
        put(home / "catalogue" / str(indicator["theme"]) / f"{indicator['indicator_id']}.yml", indicator)
    for name, rows in (REGISTERS | registers).items():
        put(home / "registers" / f"{name}.yml", rows)
    return home


def put(path: Path, content: Any) -> Path:
    """Write YAML (a text as it is), as JSON, where texts stand in quotes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=1, default=str)
    path.write_text(text, encoding="utf-8")
    return path
