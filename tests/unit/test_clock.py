"""A clock that cannot be right takes nothing in; what one has dated is dated anew, and the old is kept as evidence."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from indicators.load.catalogue import load_catalogue
from pipelines.commands.main import app
from pipelines.disclosure.facts import Fact
from pipelines.errors import NyckeltalError, UsageError
from pipelines.release import publication
from pipelines.settings import Settings
from pipelines.steps.redate import Redated, redate
from pipelines.steps.repair import Repair
from pipelines.steps.workspace import Workspace
from pipelines.storage import release_pointer
from pipelines.storage.archive import Promise
from pipelines.storage.clock import ImplausibleClockError, refuse_implausible
from pipelines.storage.files import sha256_of
from pipelines.storage.release_pointer import ReleaseInfo
from pipelines.storage.sealing import DamagedError
from pipelines.storage.state_records import read_record
from pipelines.storage.taken_in import remember
from pipelines.storage.verification import verify
from pipelines.storage.vintages import DeliveryRecord, Vintages
from pipelines.submissions import taking_in
from tests.support.deliveries import CATALOGUE, FACTS, NOON, House, changed, facts, file_record
from tests.support.sealed_state import given, publish

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
AHEAD = datetime(2099, 1, 1)  # noqa: DTZ001 - dates of knowledge are UTC without zone
TODAY = NOON + 30 * DAY


@pytest.fixture
def run_settings(run_settings: Settings) -> Settings:
    """The settings of a test, with the limit that users have."""
    declared = Settings.model_fields["max_clock_leap_days"].default
    return run_settings.model_copy(update={"max_clock_leap_days": declared})


def listing(settings: Settings) -> dict[str, str]:
    """Every file of archive and vintages with its hash."""
    homes = (settings.archive_dir, settings.vintages_dir)
    return {str(p): sha256_of(p) for home in homes for p in sorted(home.rglob("*")) if p.is_file()}


@pytest.mark.parametrize(
    ("now", "words"), [(NOON - DAY, "behind"), (NOON + 401 * DAY, "far ahead"), (AHEAD, "far ahead")]
)
def test_a_run_by_a_clock_that_cannot_be_right_is_refused_before_anything_is_written(
    house: House, now: datetime, words: str
) -> None:
    house.absorb(given(house, facts()), NOON)
    before = listing(house.settings)
    with pytest.raises(ImplausibleClockError, match=words) as caught, Workspace(house.settings, moment=now).writing():
        raise AssertionError("it began")
    assert (caught.value.where, bool(caught.value.remedy)) == (FACTS, True)
    assert listing(house.settings) == before


def test_a_clock_is_believed_within_the_declared_days_and_by_a_person_s_word(house: House) -> None:
    house.absorb(given(house, facts()), NOON)
    trusting = house.settings.model_copy(update={"max_clock_leap_days": 100_000})
    refuse_implausible(house.settings, NOON + 399 * DAY)
    refuse_implausible(house.settings, AHEAD, is_dated_by_hand=True)
    refuse_implausible(trusting, AHEAD)
    with pytest.raises(ImplausibleClockError):
        refuse_implausible(trusting, NOON - DAY, is_dated_by_hand=True)


def test_a_data_folder_without_anything_believes_any_clock(run_settings: Settings) -> None:
    refuse_implausible(run_settings, AHEAD)


@pytest.fixture
def ahead(house: House) -> House:
    """A delivery of the right time, and two by a clock that was ahead."""
    house.absorb(given(house, facts()), NOON)
    house.absorb(given(house, changed(facts(), 1, value=11.5)), AHEAD)
    house.absorb(given(house, changed(facts(), 2, value=12.5)), AHEAD + DAY)
    return house


def test_what_a_clock_ahead_has_dated_is_dated_anew_and_the_dataset_goes_on(ahead: House) -> None:
    settings = ahead.settings
    with pytest.raises(ImplausibleClockError, match="behind") as caught:
        refuse_implausible(settings, TODAY)
    assert f"redate {FACTS}" in caught.value.remedy

    done = redate(settings, FACTS, TODAY, "A. Person: the clock stood in 2099", TODAY)

    assert [move.known_from for move in done.moves] == [TODAY, TODAY + timedelta(seconds=1)]
    assert [error for place in verify(settings, deep=True) for error in place.damage] == []
    history = ahead.read(
        f"select known_from, count(*) from ({Vintages(settings).history_sql(FACTS)}) group by 1 order by 1"
    )
    assert history == [(NOON, 300), (TODAY, 1), (TODAY + timedelta(seconds=1), 2)]
    told = read_record(settings.vintages_dir / FACTS / "000002" / "redated.json", Redated, "a change of date")
    assert (told.known_from_before, told.known_from, told.reason[:9]) == (AHEAD, TODAY, "A. Person")
    (kept,) = settings.damaged_dir.glob(f"*/vintages/{FACTS}/000002/delivery.json")
    assert read_record(kept, DeliveryRecord, "a record").known_from == AHEAD
    assert "2099" in settings.run_log.with_name("state.jsonl").read_text()
    refuse_implausible(settings, TODAY + DAY)
    assert ahead.absorb(given(ahead, changed(facts(), 3, value=13.5)), TODAY + DAY).number == 4


@pytest.fixture
def redated(house: House) -> tuple[House, ReleaseInfo, ReleaseInfo]:
    """A release, another by a clock ahead, and a new delivery after its dates were set right; with both releases."""
    house.absorb(given(house, facts()), NOON)
    first = publish(house, NOON + HOUR)
    house.absorb(given(house, changed(facts(), 1, value=11.5)), AHEAD)
    second = publish(house, AHEAD + HOUR)
    redate(house.settings, FACTS, TODAY, "A. Person: the clock stood in 2099", TODAY)
    house.absorb(given(house, changed(facts(), 1, value=12.5)), TODAY + DAY)
    return house, first, second


def test_the_release_after_redating_is_compared_with_what_the_last_one_stood_on(
    redated: tuple[House, ReleaseInfo, ReleaseInfo],
) -> None:
    house, _, second = redated
    planned = publication.plan(house.settings)
    assert planned
    assert (planned.previous_release_id, planned.previous_knowledge_until) == (second.release_id, TODAY)
    assert second.knowledge_until == AHEAD, "what it said stands"


def test_the_release_after_redating_is_the_newest_for_all_that_orders_releases(
    redated: tuple[House, ReleaseInfo, ReleaseInfo],
) -> None:
    house, first, second = redated
    settings, home = house.settings, house.settings.releases_dir
    third = publish(house, TODAY + DAY + HOUR)
    made = [third.release_id, second.release_id, first.release_id]
    assert [release.release_id for release in release_pointer.releases(home)] == made
    assert [release_pointer.before(home, release_id) for release_id in made] == [*made[1:], None]

    (home / "current").unlink()
    Repair(settings, CATALOGUE, TODAY + 2 * DAY).run()
    assert release_pointer.current_folder(home).name == third.release_id

    release_pointer.rollback(settings, None)
    assert release_pointer.current_folder(home).name == second.release_id
    planned = publication.plan(settings)
    assert planned
    assert not planned.is_new, "what was rolled back from is not published again"
    release_pointer.rollback(settings, third.release_id)

    assert release_pointer.prune(home, 1) == made[1:]
    assert release_pointer.current_folder(home).name == third.release_id


@pytest.mark.parametrize("to", [NOON, TODAY + DAY, AHEAD + 2 * DAY])
def test_no_date_is_given_before_what_was_known_nor_in_the_future_nor_for_nothing(ahead: House, to: datetime) -> None:
    before = listing(ahead.settings)
    with pytest.raises(UsageError):
        redate(ahead.settings, FACTS, to, "tried", TODAY)
    assert listing(ahead.settings) == before


@pytest.fixture
def once_ahead(house: House) -> House:
    """A delivery by a clock that was ahead for a while, before and after it one of the right time, each as fetched."""
    for number, moment in enumerate((NOON, NOON + 20 * DAY, NOON + 25 * DAY), start=1):
        file = file_record(FACTS, str(number).encode()).model_copy(update={"fetched_at": moment.replace(tzinfo=UTC)})
        house.archive.store_bytes(str(number).encode())
        fetched = house.archive.record(FACTS, [file], Promise(rows=300))
        staged = house.parsed(FACTS, changed(facts(), 1, value=10.5 + number))
        rows = pl.read_parquet(staged.rows_path).with_columns(source_file_sha256=pl.lit(file.sha256))
        rows.write_parquet(staged.rows_path)
        house.absorb(replace(staged, fetched=fetched), moment)
    house.archive.look(FACTS, NOON + 26 * DAY)
    remember(house.settings)
    return house


def test_a_later_delivery_of_the_right_time_keeps_its_date(once_ahead: House) -> None:
    settings, to = once_ahead.settings, NOON + DAY
    rows = once_ahead.read(f"select * exclude known_from from ({once_ahead.vintages.history_sql(FACTS)}) order by all")

    done = redate(settings, FACTS, to, "A. Person: the clock was ahead for a night", TODAY)

    assert [(move.record.number, move.known_from) for move in done.moves] == [(2, to)]
    assert (done.stay, done.fetches) == ((3,), (2,))
    records = Vintages(settings).deliveries(FACTS)
    assert [record.known_from for record in records] == [NOON, to, NOON + 25 * DAY]
    fetches = once_ahead.archive.fetches(FACTS)
    moments = [fetch.files[0].fetched_at.replace(tzinfo=None) for fetch in fetches]
    assert moments == [NOON, to, NOON + 25 * DAY]
    assert [record.files for record in records] == [fetch.files for fetch in fetches]
    assert [taken.known_from for taken in once_ahead.archive.taken_in(FACTS)] == [NOON, to, NOON + 25 * DAY]
    assert once_ahead.archive.looked_at(FACTS) == NOON + 26 * DAY
    assert [error for place in verify(settings, deep=True) for error in place.damage] == []
    assert not (settings.vintages_dir / FACTS / "000003" / "redated.json").exists()
    again = once_ahead.read(f"select * exclude known_from from ({Vintages(settings).history_sql(FACTS)}) order by all")
    assert again == rows
    with pytest.raises(UsageError, match="nothing is dated later"):
        redate(settings, FACTS, NOON + 26 * DAY, "tried", TODAY)


def test_what_is_told_of_dates_follows_a_redating_that_was_killed_before_it_was_told(ahead: House) -> None:
    remember(ahead.settings)
    told = ahead.archive.taken_in(FACTS)
    redate(ahead.settings, FACTS, TODAY, "tried", TODAY)
    redated = ahead.archive.taken_in(FACTS)
    assert [taken.known_from for taken in redated] == [NOON, TODAY, TODAY + timedelta(seconds=1)]
    ahead.archive.note_taken_in(FACTS, told)
    remember(ahead.settings)
    assert ahead.archive.taken_in(FACTS) == redated


def test_nothing_is_submitted_over_deliveries_that_are_missing(house: House) -> None:
    house.knows_areas()
    remember(house.settings)
    shutil.rmtree(house.settings.vintages_dir)
    catalogue = load_catalogue(house.settings.declarations_dir)
    before = listing(house.settings)
    remember(house.settings)  # what is missing is not forgotten
    with pytest.raises(DamagedError, match="deliveries are missing"):
        taking_in.take_in(house.settings, catalogue, "kompetens", [Fact("a", "0114", 2024, "T", 1.0, None)], NOON)
    assert listing(house.settings) == before


def test_what_is_dated_in_the_future_follows_a_second_later_and_says_why(ahead: House) -> None:
    done = redate(ahead.settings, FACTS, NOON + DAY, "tried", TODAY)
    assert [move.known_from for move in done.moves] == [NOON + DAY, NOON + DAY + timedelta(seconds=1)]
    assert "first" in done.moves[0].why
    assert "future" in done.moves[1].why


def test_a_dry_run_tells_the_same_and_writes_nothing(ahead: House) -> None:
    settings = ahead.settings
    before = listing(settings)
    planned = redate(settings, FACTS, TODAY, "tried", TODAY, dry_run=True)
    assert listing(settings) == before
    assert not settings.damaged_dir.exists()
    assert not settings.run_log.with_name("state.jsonl").exists()
    assert redate(settings, FACTS, TODAY, "tried", TODAY) == planned


@pytest.mark.parametrize("reason", ["", "  ", "\n"])
def test_a_date_is_changed_for_a_reason(ahead: House, reason: str) -> None:
    with pytest.raises(UsageError, match="reason"):
        redate(ahead.settings, FACTS, TODAY, reason, TODAY)


@pytest.mark.parametrize(
    ("given", "zone"),
    [
        ("2024-08-02T12:00Z", ""),
        ("2024-08-02T14:00:00+02:00", ""),
        ("2024-08-02T12:00", "given without an offset, which means UTC"),
        ("2024-08-02 12:00", "given without an offset, which means UTC"),
    ],
)
def test_a_moment_is_one_moment_however_it_is_written_and_told_as_utc(ahead: House, given: str, zone: str) -> None:
    argv = ["vintages", "redate", FACTS, "--to", given, "--reason", "tried", "--data-dir", str(ahead.settings.data_dir)]
    done = CliRunner().invoke(app, [*argv, "--dry-run"])
    assert done.exit_code == 0, done.output
    text = " ".join(done.output.split())
    assert f"{FACTS}, to 2024-08-02 12:00:00 UTC" in text
    assert zone in text
    assert bool(zone) == ("without an offset" in text)
    assert "delivery 2: known from 2099-01-01 00:00:00 UTC, now from 2024-08-02 12:00:00 UTC" in text
    assert "delivery 3: known from 2099-01-02 00:00:00 UTC, now from 2024-08-02 12:00:01 UTC" in text
    assert "Nothing was written" in text


@pytest.mark.parametrize("given", ["yesterday", "2024-13-01", "", "12:00"])
def test_what_is_no_moment_is_refused_with_an_example(ahead: House, given: str) -> None:
    argv = ["vintages", "redate", FACTS, "--to", given, "--reason", "tried", "--data-dir", str(ahead.settings.data_dir)]
    done = CliRunner().invoke(app, argv)
    assert done.exit_code == 2
    assert "2026-11-29T02:15Z" in done.output


def test_a_data_folder_that_is_not_there_is_not_made(run_settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no data folder"):
        redate(run_settings.model_copy(update={"data_dir": tmp_path / "typo"}), FACTS, NOON, "tried", TODAY)
    assert not (tmp_path / "typo").exists()


def test_a_fetch_that_a_clock_ahead_has_dated_is_dated_anew_as_well(ahead: House) -> None:
    later = file_record(FACTS, b"later").model_copy(update={"fetched_at": AHEAD})
    ahead.archive.store_bytes(b"later")
    ahead.archive.record(FACTS, [later], Promise(rows=1))
    ahead.archive.look(FACTS, AHEAD)
    content = ahead.archive.fetches(FACTS)[-1].content_id

    redate(ahead.settings, FACTS, NOON + DAY, "tried", TODAY)

    assert ahead.archive.looked_at(FACTS) == NOON + DAY
    newest = ahead.archive.fetches(FACTS)[-1]
    assert (newest.files[0].fetched_at, newest.content_id) == (NOON + DAY, content)
    assert [error for place in verify(ahead.settings, deep=True) for error in place.damage] == []
    refuse_implausible(ahead.settings, TODAY)


def test_a_submission_whose_intake_fails_leaves_nothing_in_the_archive(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise NyckeltalError("tried")

    house.knows_areas()
    catalogue = load_catalogue(house.settings.declarations_dir)
    monkeypatch.setattr(taking_in, "judge", lambda *_: house.parsed(FACTS, facts()))
    monkeypatch.setattr(taking_in, "_refuse_exposed", lambda *_: None)
    monkeypatch.setattr(Vintages, "absorb", failing)
    before = listing(house.settings)
    with pytest.raises(NyckeltalError, match="tried"):
        taking_in.take_in(house.settings, catalogue, "kompetens", [Fact("a", "0114", 2024, "T", 1.0, None)], NOON)
    assert listing(house.settings) == before
