"""An indicator as JSON-stat 2.0 (https://json-stat.org/full/): a cube of area, year and sex.

Belongs here: the format. Does not belong here: which indicators, or when a file is rewritten.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np
import polars as pl

from indicators.model import words

_CAUTION = "caution:"  # prefix of a caution's code in the status of a cell
NOTE_OF_CAUTIONS = (
    f"En cell vars status säger {_CAUTION} har ett värde som inte går att lita på och som inte jämförs med andra."
)
_NOTE = (
    "Celler med status har en rad i utgåvan men inget slutligt värde; skälen står i extension.missing_reason. Celler "
    "utan värde och utan status har ingen rad i utgåvan. Ett saknat värde är aldrig noll. " + NOTE_OF_CAUTIONS
)
# The columns of the table `indicator` that are included.
DESCRIBED = (
    "title_sv", "title_en", "definition_sv", "purpose_sv", "theme", "unit", "decimals", "value_type", "polarity",
    "cost_concept", "price_basis", "source_id", "source_series", "rights", "breaks", "notes", "definition_version",
)  # fmt: skip


def dataset(rows: pl.DataFrame, indicator: dict[str, Any], updated: str) -> bytes:
    """The file of one indicator.

    Args:
        rows: the indicator's, labelled (`release_data.py`). indicator: its row of the table. updated: when its newest
        value was first known.
    """
    areas = rows.select("area", "area_id", "area_name").unique("area", maintain_order=True).sort("area")
    years = sorted(rows["year"].unique().to_list())
    sexes = [s for s in words.SEXES if s in set(rows["sex"].unique().to_list())]
    size = [areas.height, len(years), len(sexes)]
    place = _places(rows, areas["area"], years, sexes)
    value = np.full(size[0] * size[1] * size[2], np.nan)
    value[place] = rows["value"].fill_null(np.nan).to_numpy()
    labels = {"area": dict(areas.select("area_id", "area_name").iter_rows()), "year": {str(y): str(y) for y in years},
              "sex": {s: words.SEXES[s] for s in sexes}}  # fmt: skip
    titles = {"area": "Område", "year": "År", "sex": "Kön"}
    status = _status(rows, place)
    content = {
        "version": "2.0",
        "class": "dataset",
        "label": indicator["title_sv"],
        "source": _source(rows),
        "updated": updated,
        "note": [n for n in (_NOTE, *_breaks(rows, indicator), indicator["notes"]) if n],
        "role": {"time": ["year"], "geo": ["area"]},
        "id": list(labels),
        "size": size,
        "dimension": {
            name: {"label": titles[name], "category": {"index": list(label), "label": label}}
            for name, label in labels.items()
        },
        "value": value.tolist(),
        "status": status,
        "extension": _extension(rows, place, indicator, set(status.values())),
    }
    return msgspec.json.encode(content)


def _places(rows: pl.DataFrame, areas: pl.Series, years: list[int], sexes: list[str]) -> np.ndarray[Any, Any]:
    """The position of each row in the cube, row-major: the last dimension moves fastest."""
    area = np.searchsorted(areas.to_numpy(), rows["area"].to_numpy())
    year = np.searchsorted(np.array(years), rows["year"].to_numpy())
    sex = rows["sex"].replace_strict({s: n for n, s in enumerate(sexes)}, return_dtype=pl.Int64).to_numpy()
    return (area * len(years) + year) * len(sexes) + sex  # type: ignore[no-any-return]


def status_of_cell() -> pl.Expr:
    """The status of a cell: a row's status unless it is normal, or the caution of its value.

    It warns readers that do not know our extension that a value is not to be trusted. Null when there is nothing to
    report. The frame has the columns `value`, `status` and `caution`.
    """
    status = pl.when(pl.col("status") != "normal").then(pl.col("status"))
    doubt = pl.when(pl.col("value").is_not_null()).then(pl.lit(_CAUTION) + pl.col("caution"))
    told = pl.concat_str(status, doubt, separator=", ", ignore_nulls=True)
    return pl.when(told != "").then(told)


def status_labels(told: Iterable[str]) -> dict[str, str]:
    """The meaning of each cell status, in Swedish."""
    return {text: ", ".join(_label(part) for part in text.split(", ")) for text in sorted(set(told))}


def _label(status: str) -> str:
    if status.startswith(_CAUTION):
        return f"varning: {words.said(words.CAUTIONS, status.removeprefix(_CAUTION))}"
    return words.said(words.STATUSES, status)


def _status(rows: pl.DataFrame, place: np.ndarray[Any, Any]) -> dict[str, str]:
    told = rows.select(status_of_cell().alias("told"), place=pl.Series(place)).drop_nulls("told")
    return dict(zip(map(str, told["place"].to_list()), told["told"].to_list(), strict=True))


def _extension(
    rows: pl.DataFrame, place: np.ndarray[Any, Any], indicator: dict[str, Any], told: set[str]
) -> dict[str, Any]:
    placed = rows.select("missing_reason", "caution", "is_preliminary", place=pl.Series(place))
    reasons = placed.drop_nulls("missing_reason").group_by("missing_reason", maintain_order=True).agg("place").rows()
    doubts = placed.drop_nulls("caution").group_by("caution", maintain_order=True).agg("place").rows()
    return {
        "indicator_id": indicator["indicator_id"],
        **{name: indicator[name] for name in DESCRIBED},
        "attribution": by_area_type(rows),
        "status_label": status_labels({*rows["status"].unique(), *told}),
        "missing_reason": dict(reasons),
        "caution": dict(doubts),
        "preliminary": placed.filter("is_preliminary")["place"].to_list(),
        "break_before": _break_years(rows),
    }


def _break_years(rows: pl.DataFrame) -> list[int]:
    return sorted(rows.filter("break_before")["year"].unique().to_list())


def _breaks(rows: pl.DataFrame, indicator: dict[str, Any]) -> list[str]:
    years = _break_years(rows)
    if not years:
        return []
    told = f"Brott i tidsserien före {', '.join(map(str, years))}: jämför inte över dem. {indicator['breaks'] or ''}"
    return [told.strip()]


def by_area_type(rows: pl.DataFrame) -> dict[str, str]:
    """How values are cited, by type of area."""
    return dict(rows.select("area_type", "attribution").unique(maintain_order=True).iter_rows())


def _source(rows: pl.DataFrame) -> str:
    """The citation of the values: one text where all are equal, else one for each type of area."""
    cited: dict[str, list[str]] = {}
    for area_type, attribution in by_area_type(rows).items():
        cited.setdefault(attribution, []).append(words.AREA_TYPES[area_type].lower())
    if len(cited) == 1:
        return next(iter(cited))
    return " ".join(f"{', '.join(kinds).capitalize()}: {text}." for text, kinds in cited.items())
