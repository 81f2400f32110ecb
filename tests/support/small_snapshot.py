"""A small snapshot, cut out of the committed one, and ways to change or break what it delivers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.settings import ROOT
from pipelines.sources.overlay import DECIMALS, overlaid
from pipelines.sources.snapshot import MANIFEST, read_manifest
from pipelines.sources.snapshot_writer import promise_of

COMMITTED = ROOT / "data" / "snapshot"
VALUES, POPULATION, KPIF, KPI, AREAS, STAFF = (
    "kolada.values", "scb.population", "scb.kpif", "kolada.kpi", "kolada.municipality", "skr.personal"
)  # fmt: skip
FIRST_YEAR = 2019
STAFF_YEARS = (2016, 2017)
POPULATION_YEARS = (2017, 2018)  # the replica of SCB ends there, as ages do; totals alone go on
NATION, GOTEBORG, GR = "0000", "1480", "G96190"
ELSEWHERE = ("0180", "1280")

Change = Callable[[pl.DataFrame], pl.DataFrame]


class SmallSnapshot:
    """A folder of embedded figures that a test may change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def copy(self, folder: Path) -> SmallSnapshot:
        """A copy to be changed."""
        shutil.copytree(self.folder, folder)
        return SmallSnapshot(folder)

    def path(self, dataset: str) -> Path:
        """The file of a dataset."""
        return self.folder / str(self._manifest()["datasets"][dataset]["file"])

    def read(self, dataset: str) -> pl.DataFrame:
        """The rows of a dataset; cells of CSV as text."""
        path = self.path(dataset)
        return pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)

    def write(self, dataset: str, frame: pl.DataFrame, *, promise: bool = True) -> None:
        """Replace a dataset's rows, with a matching promise unless another is given."""
        path = self.path(dataset)
        if path.suffix == ".parquet":
            frame.write_parquet(path, compression="zstd")
        else:
            frame.write_csv(path)
        if promise:
            self.promise(dataset, frame)

    def promise(self, dataset: str, frame: pl.DataFrame) -> None:
        """Promise just what the frame holds."""
        manifest = self._manifest()
        manifest["datasets"][dataset]["promise"] = promise_of(frame, dataset).model_dump(mode="json")
        (self.folder / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")

    def change(self, dataset: str, change: Change, *, promise: bool = True) -> None:
        """Write a dataset's rows after a change."""
        self.write(dataset, change(self.read(dataset)), promise=promise)

    def set_value(self, series: str, area: str, year: int, value: float | None, sex: str = "T") -> float | None:
        """Change one published value; returns the old one."""
        frame = self.read(VALUES)
        cell = cell_of(series, area, year, sex)
        (old,) = frame.filter(cell)["value"].to_list()
        self.write(VALUES, frame.with_columns(value=pl.when(cell).then(pl.lit(value, pl.Float64)).otherwise("value")))
        return None if old is None else float(old)

    def restore(self, other: SmallSnapshot) -> None:
        """Put back everything as it is in another folder."""
        shutil.rmtree(self.folder)
        shutil.copytree(other.folder, self.folder)

    def _manifest(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / MANIFEST).read_text(encoding="utf-8")))


def cell_of(series: str, area: str, year: int, sex: str = "T") -> pl.Expr:
    """Which row of the values it is."""
    return (
        (pl.col("series_id") == series)
        & (pl.col("area_id") == area)
        & (pl.col("year") == year)
        & (pl.col("sex") == sex)
    )


def known(dataset: str, folder: Path = COMMITTED) -> pl.DataFrame:
    """The facts that all deliveries of a dataset say together."""
    deliveries = read_manifest(folder).datasets[dataset].deliveries
    frames = [
        pl.scan_parquet(folder / one.file).with_columns(pl.lit(one.decimals, pl.Int32).alias(DECIMALS))
        for one in deliveries
    ]
    key = ("series_id", "area_id", "year", "sex")
    return reduce(lambda earlier, later: overlaid(earlier, later, key), frames).drop(DECIMALS).sort(key).collect()


def _joined(folder: Path) -> None:
    """Put what all deliveries of a dataset say in its first one; most tests are about one delivery."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    for dataset, entry in manifest["datasets"].items():
        if entry.get("later"):
            known(dataset, folder).write_parquet(folder / entry["file"], compression="zstd")
            for later in entry.pop("later"):
                (folder / later["file"]).unlink()
    (folder / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")


def build_small(folder: Path) -> SmallSnapshot:
    """Cut the committed snapshot: every series, few areas (GR, two cities, Riket and all regions), the newest years.

    Each dataset comes in one delivery, of the day of its first.
    """
    shutil.copytree(COMMITTED, folder)
    _joined(folder)
    small = SmallSnapshot(folder)
    members = small.read("kolada.municipality_groups").filter(pl.col("group_id") == GR)["area_id"].to_list()
    regions = pl.col("area_id").str.starts_with("00")
    kept = pl.col("area_id").is_in([*members, *ELSEWHERE]) | regions
    small.change(VALUES, lambda rows: rows.filter(kept & (pl.col("year") >= FIRST_YEAR)))
    small.change(POPULATION, lambda rows: rows.filter(kept & (pl.col("year").is_in(POPULATION_YEARS))))
    small.change(STAFF, lambda rows: rows.filter(kept & (pl.col("year").is_in(STAFF_YEARS))))
    return small
