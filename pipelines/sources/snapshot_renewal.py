"""Renews `data/snapshot` from a data folder that has followed the publishers (`nyckeltal snapshot build --from-data`).

Belongs here: what such a folder knows beyond the embedded figures, and writing it beside them. Does not belong here:
collected copies (`snapshot_writer.py`), reading the snapshot back (`snapshot.py`), or fetching.

What is embedded stays as it is, with its own dates, so that questions about a day before stay answered alike. Of facts
one more delivery is written for each month in which the folder learned something: the rows that are new or other by
then, and those that were withdrawn, dated by the day on which the last of them came. Of a table (names, groups, price
indices) there is one: the rows that are new or other, or the whole table anew where rows are gone. The same folder
gives the same bytes, and a second time gives nothing new.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from pathlib import Path

import polars as pl

from indicators.load.catalogue import Catalogue
from pipelines.datasets import datasets
from pipelines.errors import UsageError
from pipelines.settings import Settings
from pipelines.sources.overlay import DECIMALS
from pipelines.sources.snapshot import MANIFEST, Delivered, SnapshotFile, SnapshotManifest, read_manifest
from pipelines.sources.snapshot_writer import promise_of, wanted_groups, with_delivery, write_frame
from pipelines.sources.tabular import read_table
from pipelines.storage.database import connect
from pipelines.storage.files import copy_atomic, write_json
from pipelines.storage.verification import check_state
from pipelines.storage.vintage_sql import NOISE, NOISE_AT_ZERO
from pipelines.storage.vintages import Vintages
from pipelines.text.normalise import plain

MOST_BYTES = 8_000_000  # of all embedded files together
WITHDRAWN = "withdrawn"
_NAMED = 8  # at most so many series or keys stand by name in an error
_RENEWED_SV = "Nyare leveranser är hämtade ur källornas egna gränssnitt, senast den dag som filens namn säger."


@dataclass(frozen=True)
class Renewal:
    """What came of it: rows that are known of each dataset, files by dataset that were written, and bytes in all.

    `kept` are datasets that the folder does not know; they stay as they are embedded. `left_out` are series that had to
    be left out to stay below the limit.
    """

    rows: dict[str, int]
    written: dict[str, list[str]]
    kept: tuple[str, ...]
    left_out: tuple[str, ...]
    bytes: int


@dataclass
class _Dataset:
    """A dataset on the way: what is embedded of it, and the deliveries that are written."""

    name: str
    deliveries: list[Delivered]
    known: pl.DataFrame  # with `decimals`
    embedded: dict[str, pl.DataFrame]  # rows by file
    frames: dict[str, pl.DataFrame] = field(default_factory=dict)

    @property
    def key(self) -> list[str]:
        return list(datasets()[self.name].key)

    @property
    def last_day(self) -> datetime:
        return self.deliveries[-1].day


@dataclass(frozen=True)
class _State:
    """What the folder knew on a day: the rows that stand, and the keys of those that were withdrawn."""

    day: datetime
    rows: pl.DataFrame
    withdrawn: pl.DataFrame


def renew_snapshot(
    settings: Settings, present: Path, target: Path, catalogue: Catalogue, allow_fewer: str | None = None
) -> Renewal:
    """Write the embedded figures with what a data folder knows.

    Args:
        settings: of the data folder that is read. present: the snapshot that is renewed. target: where to write, which
            may be the same. allow_fewer: why the folder may know less than what is embedded, for the manifest. Facts
            that it lacks stay as they are embedded; a group, list or index that it knows is as it knows it.

    Raises:
        NyckeltalError: the folder is damaged. UsageError: it knows nothing of a dataset, or lacks rows that are
        embedded; its knowledge is older than what is embedded; or the files would be too large.
    """
    check_state(settings)
    manifest, vintages = read_manifest(present), Vintages(settings)
    kept = tuple(name for name in manifest.datasets if vintages.latest(name) is None)
    with tempfile.TemporaryDirectory(prefix="nyckeltal-snapshot-") as folder:
        work = Path(folder)
        found = _renewed(manifest, settings, present, catalogue, allow_fewer, only_embedded=False)
        series, left_out = _series(found), tuple[str, ...]()
        size = _write(found, manifest, present, work, allow_fewer)
        if size > MOST_BYTES:
            found = _renewed(manifest, settings, present, catalogue, allow_fewer, only_embedded=True)
            left_out = tuple(sorted(series - _series(found)))
            size = _write(found, manifest, present, work, allow_fewer)
        if size > MOST_BYTES:
            _refuse_size(work, size)
        _put(work, target)
    written = {one.name: list(one.frames) for one in found if one.frames}
    return Renewal({one.name: one.known.height for one in found}, written, kept, left_out, size)


def _renewed(
    manifest: SnapshotManifest,
    settings: Settings,
    present: Path,
    catalogue: Catalogue,
    allow_fewer: str | None,
    *,
    only_embedded: bool,
) -> list[_Dataset]:
    """Every embedded dataset with what the folder adds to it."""
    vintages, lacking, found = Vintages(settings), list[str](), list[_Dataset]()
    held_back = {record.dataset: pl.read_parquet(path) for record, path in vintages.quarantine_files()}
    for name, entry in manifest.datasets.items():
        dataset = _embedded(name, entry, present)
        found.append(dataset)
        if vintages.latest(name) is None:
            lacking += [f"{name}: nothing is known of it"] if datasets()[name].is_required else []
            continue
        chosen = _selection(dataset, catalogue, only_embedded=only_embedded)
        states = [_narrowed(state, chosen) for state in _states(settings, vintages, dataset)]
        lacking += _lacking(dataset, states[-1], held_back.get(name), catalogue)
        _renew(dataset, states)
    if lacking and not allow_fewer:
        raise UsageError(
            "the data folder knows less than what is embedded",
            where=str(settings.data_dir),
            expected="every embedded row, or that its publisher has withdrawn it or that it is in quarantine",
            found="; ".join(lacking[:_NAMED]) + (f"; and {len(lacking) - _NAMED} more" if lacking[_NAMED:] else ""),
            remedy="refresh the folder until it is whole, or say with --allow-fewer why it may know less",
        )
    return found


def _embedded(name: str, entry: SnapshotFile, folder: Path) -> _Dataset:
    known, frames = pl.DataFrame(), dict[str, pl.DataFrame]()
    for one in entry.deliveries:
        frames[one.file] = read_table(folder / one.file, one.file).select(*datasets()[name].columns).collect()
        known = with_delivery(known, frames[one.file], one.decimals, name)
    told = [Delivered.model_validate(one.model_dump(exclude={"later"})) for one in entry.deliveries]
    return _Dataset(name, told, known, frames)


def _states(settings: Settings, vintages: Vintages, dataset: _Dataset) -> list[_State]:
    """What the folder knew at the end of each month in which something came, oldest first; of tables the newest."""
    telling = [record for record in vintages.deliveries(dataset.name) if record.tells_something]
    months = groupby(telling, key=lambda record: (record.known_from.year, record.known_from.month))
    last = [list(records)[-1] for _, records in months]
    if datasets()[dataset.name].kind != "facts":
        last = last[-1:]
    with connect(settings) as con:
        return [
            _state(con.execute(vintages.known_at_sql(dataset.name, record)).pl(), record.known_from, dataset)
            for record in last
        ]


def _state(found: pl.DataFrame, moment: datetime, dataset: _Dataset) -> _State:
    declared = datasets()[dataset.name]
    gone = pl.col("change") == WITHDRAWN
    if "status" in declared.columns:
        gone |= (pl.col("status") == WITHDRAWN).fill_null(value=False)
    rows, withdrawn = (
        _alike(found.filter(condition).select(*declared.columns), dataset) for condition in (~gone, gone)
    )
    return _State(datetime(moment.year, moment.month, moment.day), rows, withdrawn.select(dataset.key))  # noqa: DTZ001


def _alike(frame: pl.DataFrame, dataset: _Dataset) -> pl.DataFrame:
    """The rows in the types of the embedded file: of CSV every cell is a text, as it will be read back."""
    if dataset.deliveries[0].file.endswith(".csv"):
        return pl.read_csv(frame.write_csv().encode(), infer_schema=False)
    return frame.cast({name: dataset.known.schema[name] for name in frame.columns})


def _selection(dataset: _Dataset, catalogue: Catalogue, *, only_embedded: bool) -> pl.Expr:
    """Which rows of a dataset are embedded: of the series that the declarations use, and of those that are already."""
    if dataset.name == "kolada.municipality_groups":
        return wanted_groups(catalogue)
    if "series_id" not in dataset.known.columns:
        return pl.lit(value=True)
    used = catalogue.series_of(_facts_of(dataset), only_embedded=only_embedded)
    return pl.col("series_id").is_in(sorted({*used, *dataset.known["series_id"]}))


def _facts_of(dataset: _Dataset) -> str:
    """The dataset whose series these are; `kolada.kpi` lists those of the values."""
    return "kolada.values" if dataset.name == "kolada.kpi" else dataset.name


def _narrowed(state: _State, chosen: pl.Expr) -> _State:
    if "group_title" in state.rows.columns:  # groups are chosen by their titles, which withdrawn keys do not have
        return _State(state.day, state.rows.filter(chosen), state.withdrawn)
    return _State(state.day, state.rows.filter(chosen), state.withdrawn.filter(chosen))


def _lacking(dataset: _Dataset, newest: _State, held_back: pl.DataFrame | None, catalogue: Catalogue) -> list[str]:
    """What is embedded and neither known, withdrawn nor held back in the folder, by the first part of the key, with
    numbers.

    Rows that came and are held back (quarantine) are no loss: they are judged again in every installation. Series that
    no declaration uses are not fetched; they stay as they are embedded.
    """
    gone = pl.concat([newest.rows.select(dataset.key), newest.withdrawn])
    if held_back is not None:
        gone = pl.concat([gone, held_back.select(pl.col(name).cast(gone.schema[name]) for name in dataset.key)])
    there = _standing(dataset.known)
    if "series_id" in there.columns:
        there = there.filter(pl.col("series_id").is_in(list(catalogue.series_of(_facts_of(dataset)))))
    first = dataset.key[0]
    left = there.join(gone, on=dataset.key, how="anti", nulls_equal=True)
    counted = left.group_by(first).agg(n=pl.len()).sort(first)
    return [f"{dataset.name} {name}: {n} rows" for name, n in counted.iter_rows()]


def _standing(known: pl.DataFrame) -> pl.DataFrame:
    if "status" not in known.columns:
        return known
    return known.filter((pl.col("status") != WITHDRAWN).fill_null(value=True))


def _renew(dataset: _Dataset, states: list[_State]) -> None:
    """Write down what each state adds, once it is newer than what is embedded.

    Raises:
        UsageError: the newest state says something else than what is embedded, and is not newer.
    """
    embedded_until = dataset.last_day
    for number, state in enumerate(states, start=1):
        changed, is_whole = _difference(dataset, state)
        if changed.is_empty() and not is_whole:
            continue
        if state.day > embedded_until or (state.day == embedded_until and _name(dataset, state) == _last_file(dataset)):
            _add(dataset, state, changed, is_whole=is_whole)
        elif number == len(states):
            raise UsageError(
                "the data folder's knowledge is older than what is embedded, and says something else",
                where=dataset.name,
                expected=f"a delivery after {embedded_until:%Y-%m-%d}",
                found=f"the newest of {state.day:%Y-%m-%d}; {changed.height} rows differ",
                remedy="refresh the folder from the publishers first",
            )


def _difference(dataset: _Dataset, state: _State) -> tuple[pl.DataFrame, bool]:
    """The rows that a delivery has to hold, and whether it holds the whole table, since rows of it are gone."""
    declared = datasets()[dataset.name]
    before = dataset.known.select(*declared.columns)
    if declared.kind != "facts":  # texts are normalised as they are read
        before = before.with_columns(pl.col(pl.String).map_elements(lambda t: plain(t) or None, return_dtype=pl.String))
    changed = _changed(state.rows, before, list(declared.key), list(declared.payload))
    if "status" in declared.columns:
        gone = _standing(before).join(state.withdrawn, on=dataset.key, how="semi")
        marked = gone.with_columns(status=pl.lit(WITHDRAWN), value=pl.lit(None, pl.Float64))
        return pl.concat([changed, marked.select(changed.columns)]), False
    told = state.rows.select(dataset.key[0]).unique()
    unknown = before.join(told, on=dataset.key[0], how="anti").join(state.withdrawn, on=dataset.key, how="anti")
    whole = pl.concat([state.rows, unknown.select(state.rows.columns)])
    is_whole = not before.join(whole, on=dataset.key, how="anti").is_empty()
    return (whole, True) if is_whole else (changed, False)


def _changed(rows: pl.DataFrame, before: pl.DataFrame, key: list[str], payload: list[str]) -> pl.DataFrame:
    """The rows that are not there, or other than there; a number differs when it does by more than noise."""
    was = before.select(*key, *(pl.col(name).alias(f"was_{name}") for name in payload), is_there=pl.lit(value=True))
    both = rows.join(was, on=key, how="left", nulls_equal=True)
    differs = [
        _other(name) if rows.schema[name].is_float() else pl.col(name).ne_missing(pl.col(f"was_{name}"))
        for name in payload
    ]
    return both.filter(pl.col("is_there").is_null() | pl.any_horizontal(differs)).select(rows.columns)


def _other(name: str) -> pl.Expr:
    now, was = pl.col(name), pl.col(f"was_{name}")
    noise = pl.max_horizontal(NOISE * now.abs(), NOISE * was.abs(), pl.lit(NOISE_AT_ZERO))
    return (
        pl.when(now.is_null() | was.is_null()).then(now.is_null() != was.is_null()).otherwise((now - was).abs() > noise)
    )


def _name(dataset: _Dataset, state: _State) -> str:
    first = Path(dataset.deliveries[0].file)
    return f"{first.stem}_{state.day:%Y-%m-%d}{first.suffix}"


def _last_file(dataset: _Dataset) -> str:
    return dataset.deliveries[-1].file


def _add(dataset: _Dataset, state: _State, changed: pl.DataFrame, *, is_whole: bool) -> None:
    """One more delivery; one of the same day grows, and a whole table takes the place of everything before it."""
    rows, file, origin = changed, _name(dataset, state), dataset.deliveries[-1].origin
    if is_whole:
        dataset.known, dataset.deliveries = pl.DataFrame(), []
        file = next(iter(dataset.embedded))
    elif file == _last_file(dataset):
        earlier = dataset.embedded[file]
        rows = pl.concat([earlier.join(rows, on=dataset.key, how="anti"), rows.select(earlier.columns)])
        dataset.deliveries.pop()
    rows = rows.select(*datasets()[dataset.name].columns).sort(dataset.key)
    dataset.known = with_delivery(dataset.known, rows, None, dataset.name)
    promise = promise_of(dataset.known.drop(DECIMALS), dataset.name)
    told = Delivered(file=file, origin=origin, published_at=f"{state.day:%Y-%m-%d}", promise=promise)
    dataset.deliveries.append(told)
    dataset.frames[file] = rows


def _series(found: list[_Dataset]) -> set[str]:
    facts = (one for one in found if datasets()[one.name].kind == "facts")
    return {f"{one.name} {series}" for one in facts for series in one.known["series_id"].unique()}


def _write(
    found: list[_Dataset], manifest: SnapshotManifest, present: Path, work: Path, allow_fewer: str | None
) -> int:
    """Write the whole snapshot into an empty folder; returns its size in bytes."""
    for path in work.iterdir():
        path.unlink()
    entries = {one.name: SnapshotFile(**dict(one.deliveries[0]), later=tuple(one.deliveries[1:])) for one in found}
    about = manifest.about
    if any(one.frames for one in found):
        said = [_RENEWED_SV, *([f"Mappen visste mindre än det inbäddade: {allow_fewer}."] if allow_fewer else [])]
        about = " ".join([about, *(text for text in said if text not in about)])
    renewed = SnapshotManifest(about=about, datasets=entries)
    frames = {file: frame for one in found for file, frame in one.frames.items()}
    for file in sorted(renewed.files):
        if file in frames:
            write_frame(frames[file], work / file)
        else:
            shutil.copyfile(present / file, work / file)
    write_json(work / MANIFEST, renewed.model_dump(mode="json"))
    return sum(path.stat().st_size for path in work.iterdir())


def _refuse_size(work: Path, size: int) -> None:
    largest = sorted(work.iterdir(), key=lambda path: -path.stat().st_size)[:_NAMED]
    raise UsageError(
        "the embedded figures would be too large",
        where=str(work.name),
        expected=f"at most {MOST_BYTES / 1e6:g} MB",
        found=f"{size / 1e6:.1f} MB: " + ", ".join(f"{p.name} {p.stat().st_size / 1e6:.1f}" for p in largest),
        remedy="declare series as `embedded: false`, and build from collected copies without them",
    )


def _put(work: Path, target: Path) -> None:
    """Put a whole snapshot in the place of another; the manifest comes last, and files of the old one alone go."""
    target.mkdir(parents=True, exist_ok=True)
    before = read_manifest(target).files if (target / MANIFEST).exists() else frozenset[str]()
    names = sorted((path.name for path in work.iterdir()), key=lambda name: (name == MANIFEST, name))
    for name in names:
        copy_atomic(work / name, target / name)
    for file in before - set(names):
        (target / file).unlink(missing_ok=True)
