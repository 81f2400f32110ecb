"""Small deliveries: facts of two series, how they are put into a snapshot folder, and the result of staging them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from indicators.load.catalogue import Catalogue
from indicators.model.indicator import Indicator, Measure, ValidRange
from pipelines.datasets import datasets
from pipelines.quality.stage import HeldBackError, judge
from pipelines.settings import Settings
from pipelines.sources import snapshot
from pipelines.sources.snapshot_writer import promise_of
from pipelines.storage.archive import Archive, Fetch, FileRecord, Promise
from pipelines.storage.database import connect
from pipelines.storage.files import fresh_folder
from pipelines.storage.staged import StagedDeliveries, Verdict
from pipelines.storage.vintages import CheckResult, DeliveryRecord, Staged, Vintages

FACTS = "kolada.values"
AREAS = ("0114", "0115", "0117", "0120", "1480")
YEARS = range(2012, 2022)
COUNTED, SHARE = "N00001", "N00002"  # a measure within 0 to 1000, and a share in per cent
NOON = datetime(2024, 8, 1, 12)  # noqa: DTZ001 - dates of knowledge are UTC without zone

CATALOGUE = Catalogue(
    home=Path("declarations"),
    indicators=(
        Indicator.model_validate(
            {
                "indicator_id": "andel_provad",
                "title_sv": "Andel som är prövad",
                "title_en": "Share that is tried",
                "definition_sv": "Antal prövade delat med samtliga, gånger hundra, i slutet av året.",
                "purpose_sv": "Visar hur prövningarna av sviten beter sig.",
                "theme": "kvalitet",
                "kind": "published",
                "unit": "%",
                "decimals": 1,
                "value_type": "proportion",
                "polarity": "higher_better",
                "dataset": FACTS,
                "series": SHARE,
                "valid_from": date(2024, 8, 1),
            }
        ),
    ),
    measures=(
        Measure(
            measure_id="raknade",
            title_sv="Räknade",
            unit="antal",
            dataset=FACTS,
            series=COUNTED,
            valid_range=ValidRange(min=0, max=1000),
        ),
    ),
)


def facts(series: Iterable[str] = (COUNTED, SHARE), years: Iterable[int] = YEARS) -> pl.DataFrame:
    """Rows of each series for each area, year and sex; 300 rows by default, values 10 to 90."""
    rows = [
        (s, area, year, sex, 10.0 + (7 * i + year + 3 * j) % 80)
        for s in series
        for i, area in enumerate(AREAS)
        for year in years
        for j, sex in enumerate("TKM")
    ]
    frame = pl.DataFrame(rows, schema=["series_id", "area_id", "year", "sex", "value"], orient="row")
    return frame.with_columns(status=pl.lit(None, pl.String))


def changed(frame: pl.DataFrame, row: int, **cells: Any) -> pl.DataFrame:
    """The frame with other cells in one row (1-based)."""
    at = pl.int_range(1, pl.len() + 1) == row
    return frame.with_columns(
        pl.when(at).then(pl.lit(value, frame.schema[name])).otherwise(pl.col(name)).alias(name)
        for name, value in cells.items()
    )


def failed(checks: Iterable[CheckResult], *levels: str) -> set[str]:
    """Names (without the dataset's) of the failed checks of these levels."""
    return {c.check_id.rsplit(".", 1)[1] for c in checks if not c.passed and c.level in levels}


def check(checks: Iterable[CheckResult], name: str) -> CheckResult:
    """The one check of this name."""
    (found,) = [c for c in checks if c.check_id.rsplit(".", 1)[1] == name]
    return found


class House:
    """A test's own data folder and snapshot folder."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.vintages = Vintages(settings)
        self.archive = Archive(settings.archive_dir)
        self._reader = connect(settings)
        self._verdicts = StagedDeliveries(settings.staged_dir)

    def knows_areas(self, areas: Iterable[str] = AREAS) -> None:
        """Take in a list of areas, without the gate."""
        rows = [(area, f"Kommun {area}", "K") for area in areas]
        frame = pl.DataFrame(rows, schema=["area_id", "name", "area_type"], orient="row")
        self.absorb(self.parsed("kolada.municipality", frame, is_archived=True), NOON - timedelta(days=1))

    def fetch(
        self,
        dataset: str,
        content: pl.DataFrame | bytes,
        promise: Promise,
        file: str = "",
        published_at: str = "2024-08",
    ) -> Fetch:
        """Put a delivery into the snapshot folder and fetch it."""
        folder = self.settings.snapshot_dir
        folder.mkdir(parents=True, exist_ok=True)
        file = file or f"{dataset}.{'csv' if isinstance(content, bytes) else 'parquet'}"
        if isinstance(content, bytes):
            (folder / file).write_bytes(content)
        else:
            content.write_parquet(folder / file)
        path = folder / snapshot.MANIFEST
        known = json.loads(path.read_text(encoding="utf-8"))["datasets"] if path.exists() else {}
        entry = {
            "file": file,
            "origin": f"https://example.org/{dataset}",
            "published_at": published_at,
            "promise": promise.model_dump(mode="json"),
        }
        path.write_text(json.dumps({"about": "-", "datasets": known | {dataset: entry}}), encoding="utf-8")
        return snapshot.fetch(folder, dataset, self.archive, datetime(2024, 8, 1, tzinfo=UTC))

    def staged(
        self,
        content: pl.DataFrame | bytes,
        promised: pl.DataFrame | Promise | None = None,
        dataset: str = FACTS,
        catalogue: Catalogue = CATALOGUE,
    ) -> Staged:
        """Fetch and stage a delivery; `promised` are the rows (or the promise) that it declares."""
        if promised is None:
            promised = content if isinstance(content, pl.DataFrame) else facts()
        promise = promised if isinstance(promised, Promise) else promise_of(promised, dataset)
        return self.stage(dataset, self.fetch(dataset, content, promise), catalogue)

    def stage(self, dataset: str, fetched: Fetch, catalogue: Catalogue = CATALOGUE) -> Staged:
        """Parse a fetch and run the gate on it."""
        folder = fresh_folder(self.settings.data_dir / "judged" / dataset)
        return judge(self.settings, catalogue, dataset, fetched, folder)

    def passed(self, content: pl.DataFrame, dataset: str) -> Verdict:
        """Fetch, judge and write down the verdict on a delivery that passes; it is not taken in."""
        fetched, store = self.fetch(dataset, content, promise_of(content, dataset)), self._verdicts
        told = {"dataset": dataset, "fetch": fetched.number, "content_id": fetched.content_id, "judged_at": NOON}
        verdict = Verdict(**told, rules_id="rules", judged_by="rules")

        def write(folder: Path) -> Verdict:
            judge(self.settings, CATALOGUE, dataset, fetched, folder)
            return verdict

        return store.write(dataset, fetched.content_id, "rules", write)

    def held_back(self, *args: Any, **more: Any) -> HeldBackError:
        """The error of a delivery that must be rejected."""
        try:
            self.staged(*args, **more)
        except HeldBackError as error:
            return error
        raise AssertionError("the delivery passed")

    def parsed(
        self,
        dataset: str,
        frame: pl.DataFrame,
        promise: Promise | None = None,
        held: pl.DataFrame | None = None,
        *,
        is_archived: bool = False,
    ) -> Staged:
        """A staged delivery as if it had passed the gate, with the rows of `held` quarantined.

        With `is_archived` its bytes and their fetch are in the archive, as a run asks for.
        """
        self.settings.staged_dir.mkdir(parents=True, exist_ok=True)
        rows_path = self.settings.staged_dir / f"{dataset}.rows.parquet"
        quarantine = None
        if held is not None and held.height:
            quarantine = self.settings.staged_dir / f"{dataset}.aside.parquet"
            with_rows(dataset, held).with_columns(reason=pl.lit("tried")).write_parquet(quarantine)
        content = repr((frame.rows(), held.rows() if held is not None else []))
        fetched = fetch_record(dataset, content, promise or Promise(rows=frame.height))
        if is_archived:
            self.archive.store_bytes(content.encode())
            fetched = self.archive.record(dataset, list(fetched.files), fetched.promise)
        sha = pl.lit(fetched.files[0].sha256)
        with_rows(dataset, frame).with_columns(source_file_sha256=sha).write_parquet(rows_path)
        return Staged(
            dataset=dataset,
            fetched=fetched,
            rows_path=rows_path,
            quarantine_path=quarantine,
            rows=frame.height,
            held_back=held.height if held is not None else 0,
            checks=(),
            rules_id="rules",
        )

    def absorb(self, staged: Staged, known_from: datetime) -> DeliveryRecord:
        """Take in a staged delivery."""
        return self.vintages.absorb(staged, known_from)

    def read(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        return self._reader.execute(query).fetchall()


def with_rows(dataset: str, frame: pl.DataFrame) -> pl.DataFrame:
    """A frame as it is staged: declared types, and `row`."""
    types = {
        "text": pl.String,
        "integer": pl.Int32,
        "number": pl.Float64,
        "date": pl.Date,
        "boolean": pl.Boolean,
    }
    typed = frame.select(pl.col(c).cast(types[d.type]) for c, d in datasets()[dataset].columns.items())
    return typed.with_row_index("row", offset=1).with_columns(pl.col("row").cast(pl.Int64))


def fetch_record(dataset: str, content: str, promise: Promise, number: int = 1) -> Fetch:
    """A fetch of one file whose bytes are `content`."""
    return Fetch(dataset=dataset, number=number, files=(file_record(dataset, content.encode()),), promise=promise)


def file_record(dataset: str, content: bytes) -> FileRecord:
    """The record of one file whose bytes are `content`."""
    return FileRecord(
        sha256=hashlib.sha256(content).hexdigest(),
        source_id=dataset.split(".", maxsplit=1)[0],
        dataset=dataset,
        url=f"https://example.org/{dataset}",
        fetched_at=datetime(2024, 8, 1, tzinfo=UTC),
        published_at=None,
        bytes=len(content),
        licence="fri",
        attribution="Källa: prov",
    )
