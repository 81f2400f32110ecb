"""Observations as JSON-stat 2.0 (https://json-stat.org/full/): a cube of indicator, area, sex and year.

Belongs here: the cube of one page of observations, with labels and citations. Cells without a row on the page are left
out; rows without a value are included with their status. Does not belong here: the JSON-stat files of the release
package (`release/package/jsonstat.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import msgspec
import polars as pl

from indicators.model.words import SEXES
from pipelines.release.package.jsonstat import NOTE_OF_CAUTIONS, status_labels, status_of_cell
from pipelines.storage.release_pointer import ReleaseInfo

_DIMENSIONS = {
    "indicator_id": ("indicator", "Nyckeltal"),
    "area_id": ("area", "Område"),
    "sex": ("sex", "Kön"),
    "year": ("year", "År"),
}
_NOTE = (
    "En cell med status har inget slutligt värde, och ett saknat värde är aldrig noll. Celler utan rad är utelämnade. "
    + NOTE_OF_CAUTIONS
)


@dataclass(frozen=True)
class Words:
    """Labels by code of each dimension; units by indicator; how to cite, by indicator and type of area."""

    labels: dict[str, dict[str, str]]
    units: dict[str, str]
    attributions: dict[str, dict[str, str]]


def words(con: duckdb.DuckDBPyConnection, frame: pl.DataFrame) -> Words:
    """Labels of the codes on a page, and how its values are cited."""
    indicators, areas = (frame[column].unique().to_list() for column in ("indicator_id", "area_id"))
    told = con.execute(
        "select distinct indicator_id, title_sv, unit, area_type, attribution from observation_wide "
        "where indicator_id in (select unnest($1::varchar[])) and area_id in (select unnest($2::varchar[])) "
        "order by all",
        [indicators, areas],
    ).fetchall()
    names = con.execute("select area_id, name from area where area_id in (select unnest($1::varchar[]))", [areas])
    attributions: dict[str, dict[str, str]] = {}
    for indicator_id, _, _, area_type, attribution in told:
        attributions.setdefault(indicator_id, {})[area_type] = attribution
    return Words(
        labels={"indicator_id": {t[0]: t[1] for t in told}, "area_id": dict(names.fetchall()), "sex": SEXES},
        units={t[0]: t[2] for t in told},
        attributions=attributions,
    )


def dataset(
    release: ReleaseInfo, frame: pl.DataFrame, said: Words, following: str | None, note: str | None = None
) -> bytes:
    """The cube.

    Args:
        frame: observations, in the order of their key. following: the address of the next page, None on the last.
    """
    codes = {column: frame[column].unique().sort().to_list() for column in _DIMENSIONS}
    placed = frame.select("value", "status", "caution", place=_place(codes))
    doubts = placed.drop_nulls("caution").group_by("caution", maintain_order=True).agg("place").sort("caution").rows()
    held = placed.filter(pl.col("value").is_not_null())
    told = placed.with_columns(told=status_of_cell()).drop_nulls("told")
    content: dict[str, Any] = {
        "version": "2.0",
        "class": "dataset",
        "label": "Nyckeltal för kommunal vård och omsorg",
        "source": "; ".join(sorted({t for by_type in said.attributions.values() for t in by_type.values()})),
        "updated": f"{release.created_at.isoformat()}Z",
        "note": [_NOTE, *([note] if note else [])],
        "id": [name for name, _ in _DIMENSIONS.values()],
        "size": [len(values) for values in codes.values()],
        "role": {"time": ["year"], "geo": ["area"], "metric": ["indicator"]},
        "dimension": {
            name: _dimension(
                title, codes[column], said.labels.get(column, {}), said.units if name == "indicator" else {}
            )
            for column, (name, title) in _DIMENSIONS.items()
        },
        "value": dict(zip(held["place"].cast(pl.String).to_list(), held["value"].to_list(), strict=True)),
        "status": dict(zip(told["place"].cast(pl.String).to_list(), told["told"].to_list(), strict=True)),
        "extension": {
            "release_id": release.release_id,
            "next": following,
            "attribution": said.attributions,
            "caution": dict(doubts),
            "status_label": status_labels(told["told"].unique()),
        },
    }
    return msgspec.json.encode(content)


def _place(codes: dict[str, list[Any]]) -> pl.Expr:
    """The position of each row in the cube, row-major: the last dimension moves fastest."""
    place = pl.lit(0, pl.Int64)
    for column, values in codes.items():
        place = place * len(values) + pl.col(column).rank("dense").cast(pl.Int64) - 1
    return place


def _dimension(title: str, codes: list[Any], labels: dict[str, str], units: dict[str, str]) -> dict[str, Any]:
    keys = [str(code) for code in codes]
    category: dict[str, Any] = {"index": keys, "label": {key: labels.get(key, key) for key in keys}}
    if units:
        category["unit"] = {key: {"label": units[key]} for key in keys if key in units}
    return {"label": title, "category": category}
