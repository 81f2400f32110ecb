"""Two installations of the same figures hold the same knowledge: the same tables, byte for byte."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from pipelines.storage import release_pointer
from pipelines.storage.files import sha256_of
from tests.support.command import Place, Preloaded
from tests.support.small_snapshot import SmallSnapshot

pytestmark = pytest.mark.slow

OF_THE_INSTALLATION = {"release", "source_file"}  # when it was made and fetched
ELSEWHERE = {
    "TZ": "Pacific/Auckland", "LC_ALL": "C", "LANG": "C", "PYTHONHASHSEED": "77", "NYCKELTAL_THREADS": "1",
}  # fmt: skip


@pytest.fixture(scope="module")
def other(run_cli: Preloaded, base_snapshot: SmallSnapshot, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The snapshot of `base`, installed at another time, in another place, zone, locale and number of threads."""
    place = Place(tmp_path_factory.mktemp("elsewhere") / "data")
    done = run_cli(
        "refresh", "--data-dir", place.data_dir, "--snapshot-dir", base_snapshot.folder, env=ELSEWHERE
    )  # fmt: skip
    assert done.code == 0, done.text
    return place


def tables(place: Place) -> dict[str, str]:
    folder = release_pointer.current_folder(place.settings.releases_dir) / "parquet"
    return {path.stem: sha256_of(path) for path in sorted(Path(folder).glob("*.parquet"))}


def test_two_installations_give_the_same_tables_byte_for_byte(base: Place, other: Place) -> None:
    ours, theirs = tables(base), tables(other)
    assert set(ours) == set(theirs)
    assert "quality_result" in ours
    assert {t for t in ours if ours[t] != theirs[t]} <= OF_THE_INSTALLATION
    asked = "select input_hash, code_version from release"
    assert base.sql(asked).rows() == other.sql(asked).rows()


def test_every_figure_is_known_from_the_day_that_its_manifest_tells(other: Place) -> None:
    days = other.sql("select distinct known_from from observation_vintage order by 1")["known_from"].to_list()
    of_scb, of_skr, of_kolada = datetime(2019, 2, 28), datetime(2019, 3, 31), datetime(2024, 8, 31)  # noqa: DTZ001
    assert days == [of_scb, of_skr, of_kolada]
    assert other.sql("select distinct known_from from price_index")["known_from"].to_list() == [
        datetime(2024, 4, 30)  # noqa: DTZ001
    ]
    now = other.sql("select count(*) from observation").item()
    people = other.sql("select count(*) from observation where indicator_id = 'folkmangd_scb'").item()
    staff = other.sql("select count(*) from observation_vintage where known_from = '2019-03-31'").item()
    assert 0 < people < people + staff < now
    for moment, known in (
        ("2019-02-27", 0),
        ("2019-02-28", people),
        ("2019-03-30", people),
        ("2024-08-30", people + staff),
        ("2024-08-31", now),
        ("2024-08-31 00:00:00", now),
        ("2026-01-01", now),
    ):
        assert other.sql(f"select count(*) from observation_as_of('{moment}')").item() == known, moment
