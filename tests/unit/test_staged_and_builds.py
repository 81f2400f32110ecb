"""What steps leave on disk for one another: read back as it was written, and made again where it is damaged."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from pipelines.errors import NyckeltalError
from pipelines.storage.builds import WAREHOUSE, Build, Builds, StepRecord
from pipelines.storage.sealing import DamagedError
from pipelines.storage.staged import HeldBack, StagedDeliveries, Verdict
from tests.support.deliveries import FACTS, NOON

CONTENT, RULES = "a" * 64, "b" * 64
VERDICT = Verdict(dataset=FACTS, fetch=1, content_id=CONTENT, rules_id="rules", judged_by=RULES, judged_at=NOON)


def written(home: Path, verdict: Verdict = VERDICT) -> StagedDeliveries:
    store = StagedDeliveries(home)

    def judge(folder: Path) -> Verdict:
        (folder / "rows.parquet").write_bytes(b"rows of a delivery")
        return verdict

    store.write(FACTS, verdict.content_id, verdict.judged_by, judge)
    return store


def flipped(path: Path) -> None:
    """Change one bit of a file."""
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(bytes(body))


def test_a_verdict_is_found_by_what_was_judged_and_by_what(tmp_path: Path) -> None:
    store = written(tmp_path)
    found = store.verdict(FACTS, CONTENT, RULES)
    assert found
    assert found.passed
    assert store.rows_of(found).read_bytes() == b"rows of a delivery"
    assert store.verdict(FACTS, CONTENT, "c" * 64) is None
    assert store.verdict(FACTS, "c" * 64, RULES) is None
    assert store.latest(FACTS, CONTENT) == found


def test_ids_that_only_begin_alike_are_told_apart(tmp_path: Path) -> None:
    store = written(tmp_path)
    assert store.verdict(FACTS, CONTENT[:-1] + "f", RULES) is None
    assert store.latest(FACTS, CONTENT[:-1] + "f") is None


def test_of_a_delivery_that_is_held_back_the_verdict_stays_and_no_rows(tmp_path: Path) -> None:
    held = HeldBack(what="it cannot be read", where="a file", remedy="mend it")
    store = written(tmp_path, VERDICT.model_copy(update={"held_back": held}))
    found = store.verdict(FACTS, CONTENT, RULES)
    assert found
    assert not found.passed
    assert str(found.held_back) == "it cannot be read | where: a file | what to do: mend it"
    assert [p.name for p in store.folder(FACTS, CONTENT, RULES).iterdir()] == ["verdict.json"]


def test_a_new_judgement_takes_the_place_of_the_earlier_ones_of_its_dataset(tmp_path: Path) -> None:
    written(tmp_path)
    store = written(tmp_path, VERDICT.model_copy(update={"judged_by": "c" * 64}))
    assert [verdict.judged_by for verdict in store.all()] == ["c" * 64]


@pytest.mark.parametrize("file", ["rows.parquet", "verdict.json"])
@pytest.mark.parametrize("harm", [flipped, Path.unlink], ids=["a flipped bit", "gone"])
def test_a_damaged_judgement_counts_as_none_and_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, file: str, harm: object
) -> None:
    store = written(tmp_path)
    path = store.folder(FACTS, CONTENT, RULES) / file
    harm(path)  # type: ignore[operator]
    with caplog.at_level(logging.WARNING):
        assert store.verdict(FACTS, CONTENT, RULES) is None
        assert store.latest(FACTS, CONTENT) is None
    assert str(path) in caplog.text
    with pytest.raises(DamagedError):
        store.all()


def complete(home: Path) -> Build:
    build = Builds(home).begin(CONTENT)
    build.build_db.write_bytes(b"a database")
    build.release_db.write_bytes(b"public tables")
    build.complete(WAREHOUSE, StepRecord(input_hash=CONTENT, rows={"area": 3}), [build.build_db, build.release_db])
    return build


def test_a_step_that_is_complete_is_found_and_one_that_is_not_is_named(tmp_path: Path) -> None:
    build = complete(tmp_path)
    assert build.needs(WAREHOUSE).rows == {"area": 3}
    with pytest.raises(NyckeltalError, match="materialise group:trend first"):
        build.needs("trend")


def test_one_name_leads_to_the_newest_build_and_the_others_go(tmp_path: Path) -> None:
    first, builds = complete(tmp_path), Builds(tmp_path)
    second = builds.begin("d" * 64)
    assert builds.current.folder.resolve() == second.folder
    assert not first.folder.exists()


@pytest.mark.parametrize("file", ["build.duckdb", "candidate/nyckeltal.duckdb", "warehouse.json"])
def test_a_damaged_step_is_named_by_whoever_stands_on_it_and_done_again_by_a_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, file: str
) -> None:
    build = complete(tmp_path)
    flipped(build.folder / file)
    with pytest.raises(DamagedError) as caught:
        build.needs(WAREHOUSE)
    assert file in caught.value.where
    with caplog.at_level(logging.WARNING):
        assert build.sound_record(WAREHOUSE) is None
    assert file in caplog.text
