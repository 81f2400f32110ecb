"""Every weight of a group's value against the nation's own value, over a whole release, and again by hand."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from indicators.generate.declared_rows import aggregation
from indicators.load.catalogue import load_catalogue
from pipelines.settings import Settings
from pipelines.storage import release_pointer
from pipelines.storage.release_pointer import DATABASE

pytestmark = pytest.mark.slow

WEIGHTED = {i.indicator_id for i in load_catalogue().indicators if aggregation(i) == "weighted"}
BY_HAND = """
    select sum(o.numerator) / sum(o.denominator) * max(i.multiplier)
    from observation as o join area as a using (area_id) join indicator as i using (indicator_id)
    where a.area_type = 'municipality' and o.indicator_id = ? and o.year = ? and o.sex = 'T'
        and o.value is not null and o.caution is null
"""


@pytest.fixture(scope="module")
def con(full_release: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = release_pointer.current_folder(full_release.releases_dir)
    with duckdb.connect(str(folder / DATABASE), read_only=True) as opened:
        yield opened


def test_no_weighted_group_value_stands_whose_weight_misses_the_nation_without_a_named_reason(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """Each group value of a rate has a row that says how its weight stands; an unexplained one is marked."""
    wrong = con.execute(
        """
        select distinct o.indicator_id, o.year, o.sex, w.verdict from observation as o
        join area as a on o.area_id = a.area_id and a.area_type in ('group', 'county')
        left join weight_control as w on (o.indicator_id, o.year, o.sex) = (w.indicator_id, w.year, w.sex)
        where list_contains($weighted, o.indicator_id) and o.value is not null and o.caution is null
            and (w.verdict is null or w.verdict in ('unexplained', 'unweighted_mean') or length(w.reason_sv) < 5)
        """,
        {"weighted": sorted(WEIGHTED)},
    ).fetchall()
    assert wrong == []
    (passed,) = con.execute("select passed from quality_result where check_id = 'weight.reconciled'").fetchall()
    assert passed == (True,)


def test_what_is_called_agreeing_agrees(con: duckdb.DuckDBPyConnection) -> None:
    """Within a fifth of a per cent, or half a unit more where a survey is in whole per cent; most to a hundredth."""
    rows = con.execute(
        "select indicator_id, year, expected, found, relative_difference from weight_control where verdict = 'agrees'"
    ).fetchall()
    assert len(rows) > 1000
    far = [r for r in rows if abs(r[4]) > 0.002 and abs(r[3] - r[2]) > 0.5 + 0.002 * abs(r[2])]
    assert far == []
    assert sum(abs(r[4]) < 0.0001 for r in rows) > 0.5 * len(rows)


@pytest.mark.parametrize(
    ("indicator", "year", "nation", "verdict"),
    [
        ("kostnad_aldreomsorg_per_inv_80", 2021, 248015.381481, "agrees"),
        ("kostnad_aldreomsorg_per_inv_80", 2000, 137380.005193, "counted_as_none"),
        ("hemtjansttagare_120_timmar_andel", 2022, 3.5373, "municipalities_without_value"),
        ("andel_mottagare_hsl_65", 2015, 13.88739, "declared"),
    ],
)
def test_a_weight_is_found_again_by_hand(
    con: duckdb.DuckDBPyConnection, indicator: str, year: int, nation: float, verdict: str
) -> None:
    (by_hand,) = con.execute(BY_HAND, [indicator, year]).fetchone() or (None,)
    ((expected, found, told),) = con.execute(
        "select expected, found, verdict from weight_control where indicator_id = ? and year = ? and sex = 'T'",
        [indicator, year],
    ).fetchall()
    assert (expected, found, told) == (pytest.approx(nation), pytest.approx(by_hand), verdict)


def test_why_120_hours_and_more_are_fewer_in_the_nation(con: duckdb.DuckDBPyConnection) -> None:
    """Riket has 3.54 per cent in 2022, the municipalities with a value 4.2: those without one, where few persons have
    so many hours, have between one and two per cent in every year. The weight is right.
    """
    rows = con.execute(
        "select year, expected, found, of_the_others from weight_control "
        "where indicator_id = 'hemtjansttagare_120_timmar_andel' and sex = 'T' order by year"
    ).fetchall()
    assert [year for year, *_ in rows] == list(range(2015, 2023))
    assert all(found > expected for _, expected, found, _ in rows)
    assert all(0.8 < others < 2.5 for *_, others in rows), rows


def test_a_mean_of_shares_by_a_mean_of_costs_is_no_group_s_own(con: duckdb.DuckDBPyConnection) -> None:
    assert "trygghet_hemtjanst_per_10000_kr" not in WEIGHTED
    assert con.execute(
        "select count(*) from observation as o join area as a using (area_id) where a.area_type in ('group', 'county') "
        "and o.indicator_id = 'trygghet_hemtjanst_per_10000_kr' and o.value is not null"
    ).fetchall() == [(0,)]
    assert "Inget värde för grupper av kommuner" in str(
        con.execute("select notes from indicator where indicator_id = 'trygghet_hemtjanst_per_10000_kr'").fetchone()
    )


@pytest.mark.parametrize(
    ("indicator", "right", "wrong"),
    [
        ("kostnad_aldreomsorg_per_inv_80", "invanare_80", "invanare"),
        ("fallskador_80", "invanare_80", "invanare"),
        ("andel_80", "invanare", "invanare_80"),
    ],
)
def test_a_wrong_weight_would_be_found(con: duckdb.DuckDBPyConnection, indicator: str, right: str, wrong: str) -> None:
    """The same values by another population miss the nation by more than the tolerance in every year but few."""
    shares = {}
    for weight in (right, wrong):
        (shares[weight],) = con.execute(
            """
            with met as (
                select o.year, sum(o.value * m.value) / sum(m.value) as found, max(n.value) as nation
                from observation as o join area as a on o.area_id = a.area_id and a.area_type = 'municipality'
                join measure_value as m on m.measure_id = ?
                    and (o.area_id, o.year, o.sex) = (m.area_id, m.year, m.sex)
                join observation as n on n.area_id = '0000'
                    and (n.indicator_id, n.year, n.sex) = (o.indicator_id, o.year, o.sex)
                where o.indicator_id = ? and o.sex = 'T' and o.value is not null and o.caution is null
                    and o.year >= 2010
                group by o.year
            )
            select avg(case when abs(found - nation) > 0.002 * nation then 1.0 else 0.0 end) from met
            """,
            [weight, indicator],
        ).fetchone() or (None,)
    assert shares[right] == 0
    assert shares[wrong] > 0.8
