"""From when a delivery counts as known: the publisher's day, wherever and whenever the figures are installed."""

from __future__ import annotations

from datetime import datetime

import pytest

from pipelines.errors import NyckeltalError, SourceError
from pipelines.settings import Settings
from pipelines.sources.snapshot_writer import promise_of
from pipelines.steps.take_in import known_from
from pipelines.steps.workspace import Workspace
from tests.support.deliveries import FACTS, House, changed, facts
from tests.unit.test_releases import released

INSTALLED = datetime(2026, 11, 22, 21, 27, 30)  # noqa: DTZ001 - dates of knowledge are UTC without zone
PUBLISHED = datetime(2024, 8, 31)  # noqa: DTZ001 - the last day of the month that `House.fetch` tells


def taken_in(
    house: House, value: float, started: datetime, published_at: str = "2024-08", as_of: datetime | None = None
) -> datetime:
    """Take in a snapshot with this value in its first row; from when it counts as known."""
    rows = changed(facts(), 1, value=value)
    fetched = house.fetch(FACTS, rows, promise_of(rows, FACTS), published_at=published_at)
    if not house.vintages.latest("kolada.municipality"):
        house.knows_areas()
    workspace = Workspace(house.settings, moment=started, as_of=as_of)
    return house.absorb(house.stage(FACTS, fetched), known_from(workspace, fetched)).known_from


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("2024-08", (2024, 8, 31)),
        ("2024-02", (2024, 2, 29)),
        ("2023-02", (2023, 2, 28)),
        ("2024-12", (2024, 12, 31)),
        ("2024-08-14", (2024, 8, 14)),
    ],
)
def test_a_month_means_its_last_day_and_a_day_itself(house: House, said: str, day: tuple[int, int, int]) -> None:
    assert taken_in(house, 1.0, INSTALLED, said) == datetime(*day)  # noqa: DTZ001


@pytest.mark.parametrize("said", ["2024", "augusti 2024", "2024-13", "2024-02-30", "2024-8", ""])
def test_a_manifest_that_tells_no_day_is_refused(house: House, said: str) -> None:
    with pytest.raises(SourceError, match="manifest cannot be read") as caught:
        taken_in(house, 1.0, INSTALLED, said)
    assert "published_at" in caught.value.found


@pytest.mark.parametrize("clock", [INSTALLED, datetime(2031, 1, 1), datetime(2020, 1, 1)])  # noqa: DTZ001
def test_the_machine_s_clock_does_not_date_what_was_published(house: House, clock: datetime) -> None:
    assert taken_in(house, 1.0, clock) == PUBLISHED


def test_in_the_month_of_publication_it_is_known_from_the_run_at_the_latest(house: House) -> None:
    now = datetime(2024, 8, 12, 10)  # noqa: DTZ001
    assert taken_in(house, 1.0, now) == now


def test_another_delivery_of_the_same_day_is_known_from_the_run(house: House) -> None:
    assert taken_in(house, 1.0, INSTALLED) == PUBLISHED
    assert taken_in(house, 2.0, INSTALLED) == INSTALLED
    with pytest.raises(NyckeltalError, match="clock"):
        taken_in(house, 3.0, datetime(2020, 1, 1))  # noqa: DTZ001


def test_a_later_publication_is_known_from_its_own_day(house: House) -> None:
    taken_in(house, 1.0, INSTALLED)
    assert taken_in(house, 2.0, INSTALLED, "2025-10") == datetime(2025, 10, 31)  # noqa: DTZ001


def test_what_a_release_has_said_of_a_day_is_not_told_otherwise_afterwards(house: House) -> None:
    taken_in(house, 1.0, INSTALLED)
    released(house.settings, 1, knowledge_until=datetime(2026, 4, 30))  # noqa: DTZ001 - another dataset's day
    assert taken_in(house, 2.0, INSTALLED, "2025-10") == INSTALLED, "else the revision would be in no release's list"


def test_what_a_release_has_said_counts_until_the_dates_that_its_deliveries_have_now(house: House) -> None:
    taken_in(house, 1.0, INSTALLED)
    ahead = datetime(2099, 1, 1)  # noqa: DTZ001 - the clock's, and its deliveries were dated back since
    released(house.settings, 1, knowledge_until=ahead, deliveries={FACTS: 1})
    assert taken_in(house, 2.0, INSTALLED, "2025-10") == datetime(2025, 10, 31)  # noqa: DTZ001


def test_a_data_folder_dated_by_its_installation_stands_and_goes_on(house: House) -> None:
    """Knowledge cannot go back: what was dated by the moment of installation keeps that date."""
    rows = changed(facts(), 1, value=1.0)
    house.knows_areas()
    house.absorb(house.staged(rows), INSTALLED)
    assert taken_in(house, 1.0, INSTALLED.replace(day=23)) == INSTALLED
    assert taken_in(house, 2.0, INSTALLED.replace(day=24)) == INSTALLED.replace(day=24)
    history = house.read(
        f"select known_from, value, change from ({house.vintages.history_sql(FACTS)}) "
        "where series_id = 'N00001' and area_id = '0114' and year = 2012 and sex = 'T' order by 1"
    )
    assert history == [(INSTALLED, 1.0, "new"), (INSTALLED.replace(day=24), 2.0, "revised")]


def test_as_of_dates_whatever_the_run_takes_in(house: House) -> None:
    day = datetime(2025, 5, 1)  # noqa: DTZ001
    assert taken_in(house, 1.0, INSTALLED, as_of=day) == day


def test_what_is_no_embedded_figure_is_known_from_the_run(run_settings: Settings, house: House) -> None:
    rows = facts()
    fetched = house.fetch(FACTS, rows, promise_of(rows, FACTS))
    house.knows_areas()
    live = fetched.model_copy(update={"way": "live"})
    assert known_from(Workspace(run_settings, moment=INSTALLED), live) == INSTALLED
