"""An indicator that nobody has reviewed, as explanations need it: declared nowhere, it is its source's series as it is.

Belongs here: the declaration that such an indicator would have. Does not belong here: its row in a release
(`indicators/generate/uncurated_rows.py`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from indicators.load.catalogue import Catalogue
from indicators.model.indicator import Indicator, Polarity, ValueType
from indicators.model.words import UNCURATED
from pipelines.reading import reader
from pipelines.storage.database import literal

if TYPE_CHECKING:
    import duckdb

_CURATED_VALUES, _OTHER_VALUES = "kolada.values", "kolada.other_values"


def with_uncurated(catalogue: Catalogue, con: duckdb.DuckDBPyConnection, name: str) -> Catalogue:
    """The catalogue and, where `name` is an uncurated indicator of the release, that one as well."""
    if name in catalogue.by_id:
        return catalogue
    rows = reader.records(con, f"from indicator where indicator_id = {literal(name)} and theme = '{UNCURATED}'")
    if not rows:
        return catalogue
    series = rows[0]["source_series"]
    dataset = _CURATED_VALUES if series in catalogue.series_of(_CURATED_VALUES) else _OTHER_VALUES
    told: dict[str, Any] = {
        **{column: rows[0][column] for column in ("title_sv", "definition_sv", "unit")},
        "indicator_id": name,
        "kind": "published",
        "dataset": dataset,
        "series": series,
        "value_type": ValueType.MEAN,  # which has neither a sum over areas nor a range: nothing follows from it here
        "polarity": Polarity.NONE,
    }
    return replace(catalogue, indicators=(*catalogue.indicators, Indicator.model_construct(**told)))
