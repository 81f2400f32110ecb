"""The declaration of a publisher and its datasets (`sources/<publisher>/declaration.yml`), typed.

Belongs here: which columns a dataset has, what identifies a row, and which rules a delivery must satisfy. Does not
belong here: how a dataset is fetched or parsed (`sources`).
"""

from __future__ import annotations

from datetime import date
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationError, model_validator

from indicators.errors import DeclarationError
from indicators.load.yaml_rows import Surprise, read_yaml_with_surprises, validated
from indicators.model.indicator import Strict

HOME = Path(__file__).parent / "sources"
_DECLARATION = "declaration.yml"

Way = Literal["snapshot", "live", "submission"]  # how a delivery arrives
SQL_TYPES = {"text": "varchar", "integer": "integer", "number": "double", "date": "date", "boolean": "boolean"}


class Column(Strict):
    """A column of a staged dataset. A value outside `min`/`max`, `allowed` or `codes` blocks the dataset."""

    type: Literal["text", "integer", "number", "date", "boolean"]
    description: str = Field(min_length=5)
    nullable: bool = False
    allowed: tuple[str, ...] = ()
    codes: Literal["areas", "units"] | None = None
    pattern: str | None = None
    min: float | None = None
    max: float | None = None


STATUSES = ("missing", "suppressed", "not_applicable", "not_collected", "withdrawn", "forecast")
STATUSES_WITH_VALUE = ("forecast",)  # with any other status, or an unknown one, a number does not count as a value


class ChangeLimits(Strict):
    """How much of the known facts a delivery may change before a warning, quarantine or a block.

    A value is lost when it was known and is now missing, without being marked as withdrawn. Losses are counted in
    places (area and year, whichever sex): at most so many places, or such a share, of a series; so many areas, and
    such a share, of its newest year; so many places, or such a share, of the newest years of all series together.
    Factors compare two numbers of the same sign, the larger divided by the smaller. docs/quality.md says how the
    limits were measured.
    """

    lost_places: int = Field(default=2, ge=0)
    lost_share: float = Field(default=0.005, ge=0, le=1)
    lost_newest_areas: int = Field(default=2, ge=0)
    lost_newest_share: float = Field(default=0.25, ge=0, le=1)
    lost_in_all_places: int = Field(default=12, ge=0)
    lost_in_all_share: float = Field(default=0.001, ge=0, le=1)
    lost_days: int = Field(default=45, ge=0)  # losses within so many days are added up
    revision_told: float = Field(default=1.2, gt=1)  # a larger revision of a value: warning
    revision_factor: float = Field(default=5, gt=1)  # by more: quarantined, unless nearer its years
    revision_spreads: float = Field(default=5, gt=0)  # robust spreads of the series' changes from year to year
    revised_year_factor: float = Field(default=2, gt=1)  # median, if half of a year is revised
    revised_share_told: float = Field(default=0.1, gt=0, le=1)  # a larger share of revised values: warning
    year_told: float = Field(default=2, gt=1)  # a newest year's median change from the year before: warning
    year_factor: float = Field(default=5, gt=1)  # by more: its rows are quarantined
    jump_factor: float = Field(default=50, gt=1)  # one new value against the same area's year before
    jump_spreads: float = Field(default=20, gt=0)
    order_least: float = Field(default=0.7, ge=0, le=1)  # usual rank correlation of a year with the one before it
    order_share: float = Field(default=0.5, ge=0, le=1)  # a new year below such a share of it: quarantined
    same_share: float = Field(default=0.9, gt=0, le=1)  # a year that repeats so much of the last one: same
    sexes_factor: float = Field(default=4, gt=1)  # how far a total may lie outside women and men


class Dataset(Strict):
    """A dataset of a publisher.

    `facts` share the columns series_id, area_id, year, sex, value, status (one of `STATUSES`, or `code:` and a code
    that is not known; null for a plain value). `ways` are the routes by which deliveries arrive; a dataset without
    `snapshot` may have no known rows yet, and the warehouse builds without it. `after` are datasets that have to be
    fetched and staged first. `live` is how the publisher's module requests it; the module defines its keys.
    `same_series_as` names the dataset whose series these facts belong to, for another type of area. `on_request`:
    fetched only when it is named (`--only`), because the request could not be tried against the publisher yet.
    `from_files`: live deliveries are files from the inbox. Embedded figures of such a dataset are those of some files,
    never of all there are: they stand until there is a file, are built upon then, and a release may do without them.
    `changes`: limits of what a delivery of facts may change; null for no limits (for submissions, where the sender is
    asked to confirm instead). `changes_of`: other limits for single series.
    """

    title: str
    kind: Literal["facts", "table"]
    columns: dict[str, Column]
    key: tuple[str, ...]
    ways: tuple[Way, ...] = ("snapshot", "live")
    after: tuple[str, ...] = ()
    same_series_as: str | None = None
    on_request: bool = False
    from_files: bool = False
    live: dict[str, Any] = Field(default={})
    changes: ChangeLimits | None = ChangeLimits()
    changes_of: dict[str, ChangeLimits] = Field(default={})
    changes_within: int = Field(default=400, ge=1)  # days; its publisher is late when nothing has changed for longer
    max_held_back: float = Field(default=0.005, ge=0, le=1)
    min_share_of_last: float = Field(default=0.9, gt=0, le=1)

    @model_validator(mode="after")
    def _key_is_made_of_columns(self) -> Dataset:
        strange = [c for c in self.key if c not in self.columns]
        if strange:
            raise ValueError(f"the key names columns that are not declared: {strange}")
        if self.kind == "facts" and not {"series_id", "area_id", "year", "sex", "value", "status"} <= set(self.columns):
            raise ValueError("a dataset of facts has the columns series_id, area_id, year, sex, value, status")
        return self

    @property
    def is_required(self) -> bool:
        """Whether a release needs at least one delivery of this dataset."""
        return "snapshot" in self.ways and not self.from_files

    @property
    def payload(self) -> tuple[str, ...]:
        """The columns that are not part of the key."""
        return tuple(c for c in self.columns if c not in self.key)


class Publisher(Strict):
    """A publisher: who it is, its terms, and its datasets.

    `faults` maps the datasets with an invalid declaration to the first error; they are held back, but their columns
    are still known, so that what was known of them stays available.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    publisher: str = Field(pattern=r"^[a-z]+$")
    title: str
    homepage: str
    licence: str
    attribution: str
    rights_sv: str
    rights_read: date
    refreshed: str = Field(min_length=5, description="how often the publisher gives new figures, for readers")
    addresses: dict[str, str] = Field(default={})
    datasets: dict[str, Dataset]
    faults: dict[str, DeclarationError] = Field(default={})


def declaration_of(dataset: str, home: Path = HOME) -> Path:
    """The file that declares a dataset (`<publisher>.<dataset>`) or a publisher."""
    return home / dataset.split(".", maxsplit=1)[0] / _DECLARATION


@cache
def load_publishers(home: Path = HOME) -> dict[str, Publisher]:
    """Every declared publisher by its id.

    An error in a dataset's declaration is collected in the publisher's `faults`, unless it concerns the names or types
    of its columns.

    Raises:
        DeclarationError: a publisher's own keys are wrong, or a dataset's columns cannot be determined; with file and
        key.
    """
    publishers = {}
    for path in sorted(home.glob(f"*/{_DECLARATION}")):
        publisher, folder = _publisher(path), path.parent.name
        if publisher.publisher != folder:
            raise DeclarationError(path, "publisher", f"the name of the folder ({folder})", publisher.publisher)
        publishers[publisher.publisher] = publisher
    return publishers


def _publisher(path: Path) -> Publisher:
    raw, surprises = read_yaml_with_surprises(path)
    of_datasets = [s for s in surprises if s.place[:1] == ("datasets",) and len(s.place) > 2]
    if others := [s for s in surprises if s not in of_datasets]:
        raise others[0].error(path)
    declared = raw.get("datasets") if isinstance(raw, dict) else None
    if not isinstance(declared, dict) or "faults" in raw:
        return validated(path, Publisher, raw)
    whole, faults = {}, {}
    for name, keys in declared.items():
        whole[name], fault = _dataset(path, name, keys, [s for s in of_datasets if s.place[1] == name])
        if fault:
            faults[name] = fault
    return validated(path, Publisher, raw | {"datasets": whole, "faults": faults})


def _dataset(path: Path, name: str, keys: Any, surprises: list[Surprise]) -> tuple[Dataset, DeclarationError | None]:
    """A dataset, and the first error in its declaration; keys that are wrong and optional are left out.

    Raises:
        DeclarationError: a wrong key cannot be left out.
    """
    fault = surprises[0].error(path) if surprises else None
    try:
        return validated(path, Dataset, keys, where=f"datasets.{name}."), fault
    except DeclarationError as error:
        fault = fault or error
    while True:
        try:
            return Dataset.model_validate(keys), fault
        except ValidationError as error:
            keys = _without(keys, error.errors()[0]["loc"])
            if keys is None:
                raise fault from error


def _without(keys: Any, place: tuple[int | str, ...]) -> Any:
    """A dataset's keys without the wrong one; None when the names and types of its columns depend on it."""
    if not isinstance(keys, dict):
        return None
    match place:
        case ("columns", column, str(key), *_) if key != "type" and isinstance(keys["columns"].get(column), dict):
            kept = {k: v for k, v in keys["columns"][column].items() if k != key}
            if key == "description":
                kept["description"] = "unknown"
            return keys | {"columns": {**keys["columns"], column: kept}} if kept != keys["columns"][column] else None
        case (str(key), *_) if key in keys and key not in {"title", "kind", "columns", "key"}:
            return {k: v for k, v in keys.items() if k != key}
    return None


def faulty() -> dict[str, DeclarationError]:
    """The datasets with an invalid declaration, by full name, with the first error."""
    return {
        f"{name}.{dataset}": error
        for name, publisher in load_publishers().items()
        for dataset, error in publisher.faults.items()
    }


def datasets() -> dict[str, Dataset]:
    """Every dataset under its full name, `publisher.dataset`, in a fixed order."""
    return {
        f"{name}.{dataset}": declared
        for name, publisher in load_publishers().items()
        for dataset, declared in publisher.datasets.items()
    }


def publisher_of(dataset: str) -> Publisher:
    """The publisher of a dataset's full name."""
    return load_publishers()[dataset.split(".", maxsplit=1)[0]]


def table_name(dataset: str) -> str:
    """The name of tables and assets: `kolada.values` becomes `kolada__values`."""
    return dataset.replace(".", "__")


def in_order(named: dict[str, Dataset]) -> list[str]:
    """The datasets' names, each after those that it depends on.

    Raises:
        CycleError: datasets depend on each other in a circle.
    """
    return list(TopologicalSorter({name: dataset.after for name, dataset in named.items()}).static_order())
