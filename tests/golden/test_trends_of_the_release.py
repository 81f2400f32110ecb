"""What has to hold of every trend of a whole release: horizons, windows, one level, and words that hide nothing."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from pipelines.settings import Settings
from pipelines.storage import release_pointer
from pipelines.storage.release_pointer import DATABASE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def con(full_release: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = release_pointer.current_folder(full_release.releases_dir)
    with duckdb.connect(str(folder / DATABASE), read_only=True) as opened:
        yield opened


def one(con: duckdb.DuckDBPyConnection, query: str, *arguments: object) -> tuple[object, ...]:
    found = con.execute(query, list(arguments)).fetchone()
    assert found is not None
    return found


def test_gr_s_share_80_and_over_rises_in_recent_years_and_the_long_run_is_told_by_itself(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """It fell from 2004 to 2017 and has risen every year since; one trend for both was told as falling."""
    years = con.execute(
        "select value - lag(value) over (order by year) from observation "
        "where indicator_id = 'andel_80' and area_id = 'GR' and sex = 'T' order by year desc"
    ).fetchall()
    assert [step > 0 for (step,) in years[:6]] == [True] * 5 + [False]
    rows = con.execute(
        "select horizon, first_year, last_year, direction, verdict, horizons_agree from trend "
        "where indicator_id = 'andel_80' and area_id = 'GR' and sex = 'T' order by horizon desc"
    ).fetchall()
    still = "ingen säkerställd förändring"
    assert rows == [
        ("recent", 2016, 2022, "increasing", f"ökar, utan bedömning; på lång sikt (1998–2022): {still}", False),
        ("long_run", 1998, 2022, "no_change", f"{still}; på senare år (2016–2022): ökar", False),
    ]


def test_every_series_has_a_trend_of_both_horizons_by_one_level_and_one_window(con: duckdb.DuckDBPyConnection) -> None:
    assert one(
        con,
        """
        select count(*) filter (n = 2), count(*) filter (n <> 2) from (
            select count(distinct horizon) as n from trend group by indicator_id, area_id, sex
        )
        """,
    ) == (one(con, "select count(*) / 2 from trend")[0], 0)
    wrong = one(
        con,
        """
        select
            count(*) filter ((p_value < 0.05) <> (direction in ('increasing', 'decreasing'))),
            count(*) filter ((p_value < 0.05) <> (lower_95 > 0 or upper_95 < 0)),
            count(*) filter (method is not null and (n < 5 or autocorrelation not between 0 and 0.9)),
            count(*) filter (horizon = 'recent' and first_year <= newest - 7),
            count(*) filter (horizon = 'long_run' and method is not null and first_year > newest - 7)
        from trend
        join (
            select indicator_id, max(year) as newest from observation
            join area using (area_id)
            where value is not null and caution is null and area_type <> 'unit'
            group by all
        ) using (indicator_id)
        """,
    )
    assert wrong == (0, 0, 0, 0, 0)


def test_no_verdict_of_the_release_hides_that_the_other_horizon_comes_to_something_else(
    con: duckdb.DuckDBPyConnection,
) -> None:
    pairs = """
        from trend as own
        join trend as other using (indicator_id, area_id, sex)
        where own.horizon <> other.horizon
            and other.direction is not null and own.direction is distinct from other.direction
    """
    differing, silent, of_other_years = one(
        con,
        f"""
        select count(*), count(*) filter (own.verdict not like '%; på %'), count(*) filter (
            split_part(own.verdict, '; ', 2) not like
            '%(' || other.first_year || '–' || other.last_year || '): '
                || replace(regexp_replace(split_part(other.verdict, '; ', 1), ' .[0-9]{{4}}–[0-9]{{4}}.$', ''),
                    ', utan bedömning', '')
        )
        {pairs}
        """,
    )
    assert int(str(differing)) > 10_000
    assert (silent, of_other_years) == (0, 0)
    (told,) = one(con, "select count(*) from trend where verdict like '%;%'")
    assert told == differing
    assert one(
        con,
        "select count(*) from trend where horizons_agree is false and verdict not like '%;%' "
        "or horizons_agree and verdict like '%;%'",
    ) == (0,)
