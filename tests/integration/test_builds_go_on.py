"""A build that goes on from the one before it: the same tables, in every row, as one that is made anew.

Each night changes the delivery in a way that nobody chose (a seed did), refreshes, and holds every table of the build
against those of a build that was made of the same state from nothing.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.storage.builds import Builds
from tests.support.command import Place, Preloaded
from tests.support.small_snapshot import GOTEBORG, KPI, KPIF, VALUES, SmallSnapshot, cell_of

pytestmark = pytest.mark.slow

TABLES_ALONE = {"NYCKELTAL_RELEASE_PARTS": "[]"}
COST = "N20048"  # kostnad_aldreomsorg_per_inv_80, which others are computed of
HOMES = "N20891"  # another series, of which nothing is computed that the cost is a part of
STRUCTURE = "N01951"  # inhabitants, by which municipalities are called similar
# What tells when a build was made, or which deliveries it has seen.
OF_THE_RUN = {"declared.run", "declared.chunk"}

Night = Callable[[SmallSnapshot, random.Random], None]


def some_row(snapshot: SmallSnapshot, draw: random.Random) -> tuple[str, str, int, str, float]:
    """A row of the values that has a value: series, area, year, sex and value."""
    rows = snapshot.read(VALUES).drop_nulls("value").select("series_id", "area_id", "year", "sex", "value")
    found: tuple[str, str, int, str, float] = rows.row(draw.randrange(rows.height))
    return found


def revised(snapshot: SmallSnapshot, draw: random.Random) -> None:
    """A value is three per cent higher."""
    series, area, year, sex, value = some_row(snapshot, draw)
    snapshot.set_value(series, area, year, value * 1.03, sex)


def missing(snapshot: SmallSnapshot, draw: random.Random) -> None:
    """A value is published as missing."""
    series, area, year, sex, _ = some_row(snapshot, draw)
    snapshot.set_value(series, area, year, None, sex)


def withdrawn(snapshot: SmallSnapshot, draw: random.Random) -> None:
    """A row is gone from a delivery that says it is complete."""
    series, area, year, sex, _ = some_row(snapshot, draw)
    snapshot.change(VALUES, lambda rows: rows.filter(~cell_of(series, area, year, sex)))


def with_a_new_year(snapshot: SmallSnapshot, draw: random.Random) -> None:
    """A series has a year more, two per cent higher than its last."""
    series, *_ = some_row(snapshot, draw)

    def longer(rows: pl.DataFrame) -> pl.DataFrame:
        own = rows.filter(series_id=series)
        last = own.filter(year=own["year"].max())
        later = last.with_columns(year=(pl.col("year") + 1).cast(rows.schema["year"]), value=pl.col("value") * 1.02)
        return pl.concat([rows, later]).sort("series_id", "area_id", "year", "sex")

    snapshot.change(VALUES, longer)


def published(snapshot: SmallSnapshot, draw: random.Random) -> None:
    """The publisher says that a series' last year is not final."""
    series, *_ = some_row(snapshot, draw)
    day = pl.when(pl.col("series_id") == series).then(pl.lit("2031-01-01")).otherwise("publication_date")
    snapshot.change(KPI, lambda rows: rows.with_columns(publication_date=day))


NIGHTS: tuple[Night, ...] = (revised, missing, withdrawn, with_a_new_year, published)


def tables(place: Place) -> Path:
    """The folder of the build that stands."""
    newest = Builds(place.settings.builds_dir).newest
    assert newest is not None
    return newest.folder


def made_anew(place: Place, run_cli: Preloaded, folder: Path) -> Place:
    """The same state with a build that was made from nothing."""
    other = place.copy(folder)
    shutil.rmtree(other.settings.builds_dir)
    done = run_cli("warehouse", "prepare", "--data-dir", other.data_dir)
    assert done.code == 0, done.text
    return other


def differences(ours: Path, theirs: Path) -> dict[str, int]:
    """The tables of two builds that are not alike, with the number of rows that only one of them has."""
    found = {}
    with duckdb.connect() as con:
        for name, folder in (("a", ours), ("b", theirs)):
            con.execute(f"attach '{folder / 'build.duckdb'}' as {name}_build (read_only)")
            con.execute(f"attach '{folder / 'candidate' / 'nyckeltal.duckdb'}' as {name}_release (read_only)")
        listed = (
            "select database_name[3:], schema_name || '.' || table_name from duckdb_tables() "
            "where database_name like '{}%'"
        )
        names = [set(con.execute(listed.format(f"{name}_")).fetchall()) for name in "ab"]
        assert names[0] == names[1]
        for database, table in names[0]:
            if table in OF_THE_RUN:
                continue
            a, b = f"a_{database}.{table}", f"b_{database}.{table}"
            query = f"select count(*) from ((from {a} except all from {b}) union all (from {b} except all from {a}))"
            (rows,) = con.execute(query).fetchone() or (0,)
            if rows:
                found[f"{database}.{table}"] = int(rows)
    return found


def written(place: Place) -> tuple[int, int]:
    """How many indicators the build wrote, and how many there are."""
    with duckdb.connect(str(tables(place) / "build.duckdb"), read_only=True) as con:
        found = con.execute(
            "select count(*) filter (is_written), count(*) from declared.indicator as i join declared.chunk as c "
            "on i.indicator_id between c.first_indicator_id and c.last_indicator_id"
        ).fetchone()
    assert found is not None
    return int(found[0]), int(found[1])


def night(run_cli: Preloaded, place: Place, snapshot: SmallSnapshot, *more: str) -> None:
    done = run_cli("refresh", "--data-dir", place.data_dir, "--snapshot-dir", snapshot.folder, *more, env=TABLES_ALONE)
    assert done.code == 0, done.text


@pytest.mark.parametrize("seed", [1, 2])
def test_after_any_nights_the_tables_are_those_of_a_build_made_anew(
    run_cli: Preloaded, place: Place, snapshot: SmallSnapshot, tmp_path: Path, seed: int
) -> None:
    draw = random.Random(seed)  # noqa: S311 - the same nights each time
    gone_on = 0
    for number in range(5):
        change = draw.choice(NIGHTS)
        change(snapshot, draw)
        night(run_cli, place, snapshot)
        few, all_of_them = written(place)
        gone_on += few < all_of_them
        if number % 2 == 0:
            other = made_anew(place, run_cli, tmp_path / f"anew_{number}")
            assert written(other)[0] == all_of_them
            assert differences(tables(place), tables(other)) == {}, change.__name__
            shutil.rmtree(other.data_dir)
    assert gone_on > 0


def test_one_changed_value_writes_the_indicators_that_are_made_of_it(
    run_cli: Preloaded, place: Place, snapshot: SmallSnapshot
) -> None:
    old = snapshot.set_value(COST, GOTEBORG, 2022, 250_000.0)
    assert old is not None
    night(run_cli, place, snapshot)
    with duckdb.connect(str(tables(place) / "build.duckdb"), read_only=True) as con:
        found = con.execute(
            "select i.indicator_id from declared.indicator as i join declared.chunk as c "
            "on i.indicator_id between c.first_indicator_id and c.last_indicator_id where is_written"
        ).fetchall()
    names = {name for (name,) in found}
    assert {"kostnad_aldreomsorg_per_inv_80", "kostnad_aldreomsorg_per_inv_80_fasta_priser"} <= names
    assert len(names) < 30
    assert "trygghet_hemtjanst" not in names


def test_what_may_touch_everything_makes_everything_anew(
    run_cli: Preloaded, place: Place, snapshot: SmallSnapshot
) -> None:
    snapshot.set_value(STRUCTURE, GOTEBORG, 2022, 600_000.0)
    night(run_cli, place, snapshot)
    few, all_of_them = written(place)
    assert few == all_of_them
    snapshot.set_value(COST, GOTEBORG, 2022, 250_000.0)
    snapshot.change(KPIF, lambda rows: rows.head(rows.height - 1))
    night(run_cli, place, snapshot)
    assert written(place) == (all_of_them, all_of_them)


def test_a_release_that_was_rolled_back_leaves_the_next_build_with_what_it_is_compared_with(
    run_cli: Preloaded, place: Place, snapshot: SmallSnapshot, tmp_path: Path
) -> None:
    first = place.current()
    snapshot.set_value(COST, GOTEBORG, 2022, 250_000.0)
    night(run_cli, place, snapshot)
    done = run_cli("releases", "rollback", first, "--data-dir", place.data_dir)
    assert done.code == 0, done.text
    snapshot.set_value(HOMES, GOTEBORG, 2022, 17.0)
    night(run_cli, place, snapshot)
    few, all_of_them = written(place)
    assert few < all_of_them
    assert differences(tables(place), tables(made_anew(place, run_cli, tmp_path / "anew"))) == {}
    told = place.sql("select distinct indicator_id from revision")["indicator_id"].to_list()
    assert "kostnad_aldreomsorg_per_inv_80" in told  # compared with the first release, both changes are new


def test_a_day_of_publication_that_has_come_touches_its_series(
    run_cli: Preloaded, place: Place, snapshot: SmallSnapshot, tmp_path: Path
) -> None:
    """A night that brings another series alone: the cost's last year is preliminary from that day on."""
    days = {"prel_publication_date": "2026-07-01", "publication_date": "2031-01-01", "publ_period": "2022"}
    told = [
        pl.when(pl.col("series_id") == COST).then(pl.lit(day)).otherwise(name).alias(name) for name, day in days.items()
    ]
    snapshot.change(KPI, lambda rows: rows.with_columns(told))
    night(run_cli, place, snapshot, "--as-of", "2026-06-01")
    snapshot.set_value(HOMES, GOTEBORG, 2022, 17.0)
    night(run_cli, place, snapshot, "--as-of", "2026-08-01")
    few, all_of_them = written(place)
    assert few < all_of_them
    assert place.sql(
        "select is_preliminary from observation where indicator_id = 'kostnad_aldreomsorg_per_inv_80' "
        f"and area_id = '{GOTEBORG}' and year = 2022 and sex = 'T'"
    ).item()
    assert differences(tables(place), tables(made_anew(place, run_cli, tmp_path / "anew"))) == {}
