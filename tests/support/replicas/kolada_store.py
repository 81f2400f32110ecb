"""The data of a Kolada replica, and how a test changes it.

Belongs here: values with the day they were changed, lists, and the origin of both. Does not belong here: URLs, pages
and limits (`kolada.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from tests.support.small_snapshot import known

LONG_AGO: Final = date(2020, 1, 1)
SEXES: Final = ("T", "K", "M")
_KEY: Final = ("area", "period", "gender")
_SCHEMA: Final = {
    "area": pl.Categorical, "period": pl.Int16, "gender": pl.Categorical, "value": pl.Float64, "status": pl.Categorical,
    "isdeleted": pl.Boolean, "changed": pl.Date,
}  # fmt: skip
_FIRST_UNIT_YEAR: Final = 2018


@dataclass
class Store:
    """Values by KPI, and lists.

    `values` and `unit_values`: for each KPI a frame area, period, gender, value, status, isdeleted, changed, in order.
    `kpis`, `areas`, `kpi_groups`, `groups` and `units` are records as the interface gives them. `version` grows with
    each change.
    """

    values: dict[str, pl.DataFrame]
    kpis: list[dict[str, Any]]
    areas: list[dict[str, Any]]
    groups: list[dict[str, Any]] = field(default_factory=list)
    kpi_groups: list[dict[str, Any]] = field(default_factory=list)
    units: list[dict[str, Any]] = field(default_factory=list)
    unit_values: dict[str, pl.DataFrame] = field(default_factory=dict)
    version: int = 0

    def records(self, kind: str) -> list[dict[str, Any]]:
        """The records of a list, by its name in addresses."""
        return {
            "kpi": self.kpis, "municipality": self.areas, "municipality_groups": self.groups,
            "kpi_groups": self.kpi_groups, "ou": self.units,
        }[kind]  # fmt: skip

    def items(
        self, place: str, kpis: list[str] | None, areas: list[str] | None, years: list[int] | None, since: date | None
    ) -> pl.DataFrame:
        """The requested items, in order: kpi, municipality (or ou), period, values. None selects all.

        Values of groups are included when they are named, or when no areas are.
        """
        held = self.unit_values if place == "ou" else self.values
        found = [
            self._of_kpi(kpi, held[kpi], areas, years, with_groups=place != "ou")
            for kpi in sorted(set(kpis) if kpis is not None else held)
            if kpi in held
        ]
        rows = pl.concat(found) if found else _empty()
        values = pl.struct("gender", "count", "status", "value", "isdeleted")
        grouped = rows.group_by("kpi", "area", "period", maintain_order=True)
        items = grouped.agg(values.alias("values"), pl.max("changed"))
        if since is not None:
            items = items.filter(pl.col("changed") >= since)
        return items.select("kpi", pl.col("area").alias(place), "period", "values")

    def revise(self, kpi: str, area: str, year: int, sex: str, value: float | None, on: date | None = None) -> None:
        """Change a value, with that day (today) as the day of change."""
        self._change(kpi, (area, year, sex), on, value=value, isdeleted=False)

    def withdraw(self, kpi: str, area: str, year: int, sex: str, on: date | None = None) -> None:
        """Mark a value as deleted; the number stays in the response, as the API does not promise to drop it."""
        self._change(kpi, (area, year, sex), on, isdeleted=True)

    def give_status(self, kpi: str, area: str, year: int, sex: str, status: str, on: date | None = None) -> None:
        """Give a value another status."""
        self._change(kpi, (area, year, sex), on, status=status)

    def add(self, kpi: str, area: str, year: int, sex: str, value: float | None, on: date | None = None) -> None:
        """Add a value that was not there."""
        row = (area, year, sex, value, "", False, on or _today())
        frame = self.values.get(kpi, pl.DataFrame(schema=_SCHEMA))
        added = pl.concat([frame, pl.DataFrame([row], schema=_SCHEMA, orient="row")])
        if added.select(_KEY).is_duplicated().any():
            raise ValueError(f"{kpi} {area} {year} {sex} is there already")
        self.values[kpi] = _ordered(added)
        self.version += 1

    def drop(self, kpi: str | None = None, area: str | None = None, year: int | None = None) -> int:
        """Remove values without marking them as deleted; returns how many."""
        lost = 0
        for name in [kpi] if kpi else list(self.values):
            frame = self.values[name]
            gone = pl.lit(True)
            if area is not None:
                gone &= pl.col("area") == area
            if year is not None:
                gone &= pl.col("period") == year
            self.values[name] = frame.filter(~gone)
            lost += frame.height - self.values[name].height
        self.version += 1
        return lost

    def remove_kpi(self, kpi: str) -> None:
        """Remove a KPI from the list and the data, as happens unannounced."""
        self.kpis = [k for k in self.kpis if k["id"] != kpi]
        del self.values[kpi]
        self.version += 1

    def _change(self, kpi: str, key: tuple[str, int, str], on: date | None, **cells: Any) -> None:
        frame = self.values[kpi]
        at = pl.all_horizontal(pl.col(name) == part for name, part in zip(_KEY, key, strict=True))
        if frame.filter(at).height != 1:
            raise ValueError(f"no value of {kpi} {key}")
        given = cells | {"changed": on or _today()}
        self.values[kpi] = frame.with_columns(
            pl.when(at).then(pl.lit(cell, _SCHEMA[name])).otherwise(pl.col(name)).alias(name)
            for name, cell in given.items()
        )
        self.version += 1

    def _of_kpi(
        self, kpi: str, frame: pl.DataFrame, areas: list[str] | None, years: list[int] | None, *, with_groups: bool
    ) -> pl.DataFrame:
        if years is not None:
            frame = frame.filter(pl.col("period").is_in(years))
        wanted = frame if areas is None else frame.filter(pl.col("area").is_in(areas))
        rows = wanted.with_columns(count=pl.lit(1, pl.Int64))
        groups = [g for g in self.groups if with_groups and (areas is None or g["id"] in areas)]
        if groups:
            rows = pl.concat([rows, _means(frame, groups).select(rows.columns)])
        return rows.select(pl.lit(kpi).alias("kpi"), pl.all())


def _means(frame: pl.DataFrame, groups: list[dict[str, Any]]) -> pl.DataFrame:
    """Kolada's values of groups: unweighted means of members, whose number stands in `count`."""
    pairs = [(g["id"], m["member_id"], len(g["members"])) for g in groups for m in g["members"]]
    schema = {"group": pl.String, "area": pl.String, "count": pl.Int64}
    members = pl.DataFrame(pairs, schema=schema, orient="row").with_columns(pl.col("area").cast(pl.Categorical))
    sound = pl.col("value").filter(~pl.col("isdeleted"))
    means = (
        frame.join(members, on="area")
        .group_by("group", "period", "gender", maintain_order=True)
        .agg(sound.mean(), pl.first("count"), pl.max("changed"))
        .rename({"group": "area"})
        .with_columns(
            pl.col("area").cast(pl.Categorical), status=pl.lit("", pl.Categorical), isdeleted=pl.lit(False)
        )
    )  # fmt: skip
    return _ordered(means)


def _ordered(frame: pl.DataFrame) -> pl.DataFrame:
    sex = pl.col("gender").cast(pl.String).replace_strict(SEXES, range(len(SEXES)), default=9)
    return frame.sort(pl.col("area").cast(pl.String), "period", sex)


def _empty() -> pl.DataFrame:
    return pl.DataFrame(schema={"kpi": pl.String} | _SCHEMA | {"count": pl.Int64})


def _today() -> date:
    return datetime.now(UTC).date()


def by_kpi(values: pl.DataFrame, changed: date = LONG_AGO) -> dict[str, pl.DataFrame]:
    """A frame series_id, area_id, year, sex, value (and status) as a store keeps values."""
    status = pl.col("status").fill_null("") if "status" in values.columns else pl.lit("")
    frame = values.select(
        "series_id",
        pl.col("area_id").cast(pl.Categorical).alias("area"),
        pl.col("year").cast(pl.Int16).alias("period"),
        pl.col("sex").cast(pl.Categorical).alias("gender"),
        pl.col("value").cast(pl.Float64),
        status.cast(pl.Categorical).alias("status"),
        pl.lit(False).alias("isdeleted"),
        pl.lit(changed).alias("changed"),
    )
    parts = frame.partition_by("series_id", as_dict=True, include_key=False)
    return {str(kpi): _ordered(part) for (kpi,), part in parts.items()}


def kpi_record(number: int, kpi: str, title: str, **known: Any) -> dict[str, Any]:
    """A KPI's record. Both ways of telling flags and years are seen: every other record has the one."""
    flags = {True: 1, False: 0} if number % 2 else {True: True, False: False}
    period = known.get("publ_period", "2025")
    return {
        "id": kpi,
        "title": title,
        "description": f"{title}. Källa: SCB.",
        "is_divided_by_gender": flags[known.get("is_divided_by_gender", True)],
        "municipality_type": known.get("municipality_type", "K"),
        "auspice": known.get("auspice", "E"),
        "operating_area": known.get("operating_area", "Äldre och funktionshinder"),
        "perspective": known.get("perspective", "Resurser"),
        "prel_publication_date": known.get("prel_publication_date"),
        "publication_date": known.get("publication_date", "2026-09-30"),
        "publ_period": int(period) if period is not None and number % 2 else period,
        "has_ou_data": flags[known.get("has_ou_data", False)],
    }


def group_records(rows: Iterable[tuple[str, str, str, str]]) -> list[dict[str, Any]]:
    """Records of groups out of rows of group id, group title, member id, member title."""
    groups: dict[str, dict[str, Any]] = {}
    for group, title, member, name in rows:
        record = groups.setdefault(group, {"id": group, "title": title, "members": []})
        record["members"].append({"member_id": member, "member_title": name})
    return list(groups.values())


def dense_store(kpis: int, areas: int, years: int) -> Store:
    """Made-up values without a gap, newest year 2024. Values differ between all keys and have one decimal."""
    ids = ["0000", *(f"{n:04d}" for n in range(1, 22)), *(f"{n:04d}" for n in range(114, 2584))][:areas]
    rows = areas * years * len(SEXES)
    key = pl.DataFrame(
        {
            "area": np.repeat(ids, years * len(SEXES)),
            "period": np.tile(np.repeat(np.arange(2025 - years, 2025), len(SEXES)), areas).astype(np.int16),
            "gender": np.tile(SEXES, areas * years),
        },
        schema={name: _SCHEMA[name] for name in _KEY},
    ).with_columns(status=pl.lit("", pl.Categorical), isdeleted=pl.lit(False), changed=pl.lit(LONG_AGO))
    values = {
        f"N{n:05d}": key.with_columns(value=pl.Series((np.arange(rows) + 7 * n) / 10)).select(*_SCHEMA)
        for n in range(1, kpis + 1)
    }
    return Store(
        values=values,
        kpis=[kpi_record(n, kpi, f"Nyckeltal {n}, kr/inv") for n, kpi in enumerate(values)],
        areas=[{"id": i, "title": f"Område {i}", "type": "K" if i > "0100" else "L"} for i in ids],
        groups=group_records(("G1", "Alla (ovägt medel)", i, f"Område {i}") for i in ids if i > "0100"),
        kpi_groups=group_records(("G2KPI1", "Alla nyckeltal", kpi, kpi) for kpi in values),
    )


def snapshot_store(folder: Path) -> Store:
    """What the embedded figures hold. Groups of KPIs are their operating areas; units are made up."""
    listed = pl.read_csv(folder / "kolada_kpi.csv", infer_schema=False)
    areas = pl.read_csv(folder / "kolada_municipality.csv", infer_schema=False)
    names = dict(areas.select("area_id", "name").iter_rows())
    groups = pl.read_csv(folder / "kolada_municipality_groups.csv", infer_schema=False)
    kpis = [
        kpi_record(
            number, row["series_id"], row["title"],
            is_divided_by_gender=row["is_divided_by_sex"] == "true",
            has_ou_data=row["has_unit_values"] == "true",
            **{name: row[name] for name in (
                "operating_area", "perspective", "municipality_type", "prel_publication_date", "publication_date",
                "publ_period")},
        )
        for number, row in enumerate(listed.iter_rows(named=True))
    ]  # fmt: skip
    fields = sorted({k["operating_area"] for k in kpis if k["operating_area"]})
    units = [
        {"id": f"V15E{area}{n:02d}", "title": f"Enhet {n}, {names[area]}", "municipality": area}
        for area in names
        if area > "0100"
        for n in (1, 2)
    ]
    values = known("kolada.values", folder)
    return Store(
        values=by_kpi(values),
        kpis=kpis,
        areas=[{"id": i, "title": name, "type": kind} for i, name, kind in areas.iter_rows()],
        groups=group_records((g, title, area, names[area]) for g, title, area in groups.iter_rows()),
        kpi_groups=group_records(
            (f"G2KPI{n}", field, k["id"], k["title"])
            for n, field in enumerate(fields, start=1)
            for k in kpis
            if k["operating_area"] == field
        ),
        units=units,
        unit_values=made_up_unit_values(
            [k["id"] for k in kpis if k["has_ou_data"]], [u["id"] for u in units], middles(values)
        ),
    )


def middles(values: pl.DataFrame) -> dict[str, float]:
    """The median of each series' values."""
    known = values.drop_nulls("value").group_by("series_id").agg(pl.col("value").median())
    return dict(known.select(pl.col("series_id").cast(pl.String), "value").iter_rows())


def made_up_unit_values(kpis: list[str], units: list[str], sizes: Mapping[str, float]) -> dict[str, pl.DataFrame]:
    """Values of units, totals only, from 2018 to 2024: from four fifths of the size of their series to all of it.

    They grow from year to year and keep their order, as the units of a real series nearly do.
    """
    years = range(_FIRST_UNIT_YEAR, 2025)
    rows = [
        (kpi, unit, year, "T", sizes.get(kpi, 100) * (80 + (7 * n + 3 * m) % 19 + (year - _FIRST_UNIT_YEAR) / 4) / 100)
        for n, kpi in enumerate(kpis)
        for m, unit in enumerate(units)
        for year in years
    ]
    schema = ["series_id", "area_id", "year", "sex", "value"]
    return by_kpi(pl.DataFrame(rows, schema=schema, orient="row"))
