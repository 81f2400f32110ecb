"""A broken file is told by name and fault; nothing is published of it, and nothing that was known is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from pipelines.datasets import datasets
from pipelines.errors import NyckeltalError
from pipelines.settings import Settings
from pipelines.steps.fetch import fetch
from pipelines.steps.held_back import held_back
from pipelines.steps.stage import stage
from pipelines.steps.take_in import take_in
from pipelines.steps.unchanged import is_unchanged
from pipelines.steps.workspace import Workspace
from pipelines.storage.staged import HeldBack
from tests.support.command import Place, Preloaded
from tests.support.small_snapshot import GOTEBORG, KPIF, VALUES, SmallSnapshot, cell_of

Break = Callable[[SmallSnapshot], None]
CELL = cell_of("N20048", GOTEBORG, 2022)


def rows(change: Callable[[pl.DataFrame], pl.DataFrame], dataset: str = VALUES) -> Break:
    """Other rows, beside the promise as it was."""
    return lambda snapshot: snapshot.change(dataset, change, promise=False)


def also(**cells: object) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """One row more: a copy of a known one with other cells."""

    def change(frame: pl.DataFrame) -> pl.DataFrame:
        row = frame.filter(CELL).with_columns(pl.lit(v).cast(frame.schema[c]).alias(c) for c, v in cells.items())
        return pl.concat([frame, row])

    return change


def content(change: Callable[[bytes], bytes], dataset: str) -> Break:
    """Other bytes."""
    return lambda snapshot: _ignore(snapshot.path(dataset).write_bytes(change(snapshot.path(dataset).read_bytes())))


def _ignore(_: object) -> None:
    return None


def text_in_values(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(value=pl.when(CELL).then(pl.lit("ca 290 000")).otherwise(pl.col("value").cast(pl.String)))


def without_thirty_percent(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.int_range(pl.len()) % 10 >= 3)


BROKEN = {
    "cut short": (VALUES, content(lambda raw: raw[: len(raw) // 2], VALUES), "cannot be read"),
    "cut short inside": (VALUES, content(lambda raw: raw[:1000] + raw[5000:], VALUES), "cannot be read"),
    "a column renamed": (VALUES, rows(lambda f: f.rename({"value": "varde"})), "missing: value; unknown: varde"),
    "text in a number column": (VALUES, rows(text_in_values), "'ca 290 000'"),
    "text in a number column of csv": (
        KPIF, content(lambda raw: raw.replace(b"98.21", b"hundra", 1), KPIF), "'hundra'"
    ),
    "a duplicate key with another value": (VALUES, rows(also(value=1.0)), "key_unique"),
    "an unknown area": (VALUES, rows(also(area_id="9999")), "9999"),
    "a year out of range": (VALUES, rows(also(year=3022)), "3022"),
    "30 % of the rows gone": (VALUES, rows(without_thirty_percent), "coverage_rows"),
    "30 % of the rows gone from csv": (KPIF, rows(without_thirty_percent, KPIF), "coverage_rows"),
    "an empty file": (VALUES, content(lambda _: b"", VALUES), "the file is empty"),
    "an empty csv": (KPIF, content(lambda _: b"", KPIF), "the file is empty"),
    "not UTF-8": (KPIF, content(lambda raw: raw.replace(b"kpif", b"kp\xe5f", 2), KPIF), "not UTF-8"),
    "a data file missing": (KPIF, lambda s: s.path(KPIF).unlink(), "a file of the snapshot is missing"),
    "the manifest missing": (VALUES, lambda s: (s.folder / "manifest.json").unlink(), "there is no snapshot"),
    "a manifest of another kind": (
        VALUES, lambda s: _ignore((s.folder / "manifest.json").write_bytes(b"{}")), "manifest cannot be read"
    ),
}  # fmt: skip


def way_to_the_vintages(place: Place, snapshot: SmallSnapshot) -> dict[str, HeldBack]:
    """Fetch, gate and take in, as the job does, in this process; returns what was held back."""
    workspace = Workspace(Settings(data_dir=place.data_dir, snapshot_dir=snapshot.folder))
    assert not is_unchanged(workspace)
    try:
        with workspace.writing():
            for step in (fetch, stage, take_in):
                for dataset in ("kolada.municipality", *(d for d in datasets() if d != "kolada.municipality")):
                    step(workspace, dataset)
            return held_back(workspace)
    finally:
        workspace.close()


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_file_is_held_back_by_name_and_what_is_known_stands(
    fault: str, place: Place, snapshot: SmallSnapshot, base_snapshot: SmallSnapshot
) -> None:
    dataset, break_it, told = BROKEN[fault]
    before = place.state()
    break_it(snapshot)

    held = way_to_the_vintages(place, snapshot)

    assert dataset in held
    assert "manifest" in fault or set(held) == {dataset}
    assert told in str(held[dataset]), str(held[dataset])
    after = place.state()
    assert {path: after.get(path) for path in before} == before
    grown = {str(Path(path).relative_to(place.data_dir)).split("/")[0] for path in set(after) - set(before)}
    assert grown <= {"archive"}

    snapshot.restore(base_snapshot)
    assert way_to_the_vintages_again(place, snapshot) == {}
    assert {path: h for path, h in place.state().items() if "/vintages/" in path} == {
        path: h for path, h in before.items() if "/vintages/" in path
    }


def way_to_the_vintages_again(place: Place, snapshot: SmallSnapshot) -> dict[str, HeldBack]:
    workspace = Workspace(Settings(data_dir=place.data_dir, snapshot_dir=snapshot.folder))
    return {} if is_unchanged(workspace) else way_to_the_vintages(place, snapshot)


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["cut short", "the manifest missing"])
def test_the_command_tells_the_fault_and_the_last_release_stands_until_the_file_is_mended(
    fault: str, run_cli: Preloaded, place: Place, snapshot: SmallSnapshot, base_snapshot: SmallSnapshot
) -> None:
    dataset, break_it, told = BROKEN[fault]
    release, before = place.current(), place.state()
    break_it(snapshot)

    done = run_cli("refresh", "--data-dir", place.data_dir, "--snapshot-dir", snapshot.folder)

    assert done.code == 4, done.text
    assert dataset in done.text
    assert told in done.text
    assert "Traceback" not in done.text
    assert place.current() == release
    assert place.sql("select count(*) from observation").item() > 0
    after = place.state()
    assert {path: after.get(path) for path in before} == before
    assert place.log()[-1]["outcome"] == "held_back", place.log()[-1]
    assert dataset in place.log()[-1]["held_back"]

    snapshot.restore(base_snapshot)
    mended = run_cli("refresh", "--data-dir", place.data_dir, "--snapshot-dir", snapshot.folder)

    assert mended.code == 0, mended.text
    assert place.current() == release


@pytest.mark.slow
def test_a_broken_file_on_an_empty_data_folder_releases_nothing_and_says_why(
    run_cli: Preloaded, tmp_path: Path, snapshot: SmallSnapshot
) -> None:
    BROKEN["an unknown area"][1](snapshot)

    done = run_cli("refresh", "--data-dir", tmp_path / "data", "--snapshot-dir", snapshot.folder)

    assert done.code == 4, done.text
    assert "9999" in done.text
    assert "there is no good state yet" in done.text
    assert VALUES in done.text
    assert "Traceback" not in done.text
    place = Place(tmp_path / "data")
    with pytest.raises(NyckeltalError, match="there is no release yet"):
        place.current()
