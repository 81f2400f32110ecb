"""Similar municipalities by choice: the arithmetic by hand and by its properties, and what cannot be chosen."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import sqrt

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import UsageError
from pipelines.reading import similar_sql
from pipelines.reading.similar_areas import far, find_similar
from pipelines.reading.similar_choice import choose
from pipelines.reading.similar_comparison import beside_similar
from pipelines.storage.database import literal

# TEST FIGURES: three municipalities, whose distances are computed by hand below, and nine more without these measures.
SIZE = {"1001": 1.0, "1002": 2.0, "1003": 3.0}
SHARE = {"1001": 10.0, "1002": 20.0, "1003": 60.0}
MANY = [f"20{n:02d}" for n in range(12)]
MEASURES = ("size", "share", "alpha", "beta", "gamma", "whole", "empty")


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("create table area (area_id varchar, name varchar, area_type varchar)")
        con.execute("create table measure (measure_id varchar, title_sv varchar, series varchar)")
        con.execute(
            "create table measure_value (measure_id varchar, area_id varchar, year integer, sex varchar, value double, "
            "reason varchar, caution varchar)"
        )
        con.execute(
            "create table similar_recipe (recipe_id varchar, title_sv varchar, made_by varchar, is_default boolean, "
            "neighbours integer, variables varchar, valid_from date)"
        )
        con.execute("create table indicator (indicator_id varchar, source_series varchar, processing_level varchar)")
        con.execute(
            "create table area_membership (group_id varchar, area_id varchar, recipe_id varchar, "
            "compared_area_id varchar, valid_to date)"
        )
        con.execute(
            "create table observation (indicator_id varchar, area_id varchar, year integer, sex varchar, value double, "
            "caution varchar)"
        )
        con.executemany("insert into measure values (?, ?, ?)", [(m, m, f"N_{m}") for m in MEASURES])
        con.execute(
            "insert into similar_recipe values "
            "('usual', 'Den vanliga', 'nyckeltal', true, 2, 'size=1, share=0.5', null), "
            "('kolada_x', 'Koladas', 'kolada', false, 2, null, date '2024-01-01')"
        )
        con.execute("insert into indicator values ('share_of_old', 'N_share', 'published')")
        yield con


@pytest.fixture
def three(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    for area in SIZE:
        con.execute("insert into area values (?, ?, 'municipality')", [area, f"Kommun {area}"])
        for measure, values in (("size", SIZE), ("share", SHARE)):
            con.execute(
                "insert into measure_value values (?, ?, 2022, 'T', ?, null, null)", [measure, area, values[area]]
            )
    con.execute("insert into area values ('10', 'Länet', 'county')")
    return con


def distances(con: duckdb.DuckDBPyConnection, areas: list[str], variables: str) -> dict[tuple[str, str], float]:
    """The distance from each area to each other one."""
    return {
        (area, other): distance
        for area in areas
        for _, other, _, distance, _ in con.execute(
            similar_sql.neighbours(literal(area), "2022", literal(variables), "100")
        ).fetchall()
    }


def test_a_distance_by_hand(three: duckdb.DuckDBPyConnection) -> None:
    """Sizes 1, 2, 3: mean 2, deviation 1. Shares 10, 20, 60: mean 30, deviation sqrt((400 + 100 + 900) / 2) = 26.4575.

    1001 and 1002 are 1 and 10 / 26.4575 = 0.377964 apart; with the weights 1 and 0.5 the distance is
    sqrt((1 + 0.5 * 0.142857) / 1.5) = 0.845154, of which the size makes 1 / 1.0714286 = 93.33 per cent.
    """
    answer = find_similar(three, "1001", None, choose(three, None))

    assert (answer.year, answer.compared, [n["area_id"] for n in answer.neighbours]) == (2022, 3, ["1002", "1003"])
    nearest = answer.neighbours[0]
    assert nearest["distance"] == pytest.approx(0.845154, abs=1e-6)
    assert nearest["distance_percentile"] == 0  # of the three pairs it is the nearest
    size, share = nearest["variables"]
    assert (size["variable"], size["value"], size["similar_value"]) == ("size", 1, 2)
    assert (size["difference"], size["contribution_pct"]) == (pytest.approx(1), pytest.approx(93.3333, abs=1e-4))
    assert (share["variable"], share["difference"]) == ("share", pytest.approx(0.377964, abs=1e-6))
    far_away = answer.neighbours[1]["distance"]  # 2 and 50 / 26.4575 = 1.889822 apart
    assert far_away == pytest.approx(sqrt((4 + 0.5 * 1.889822**2) / 1.5), abs=1e-6)


WEIGHTS = st.floats(0.01, 100, allow_nan=False)
VALUES = st.lists(st.integers(1, 1000).map(float), min_size=len(MANY), max_size=len(MANY), unique=True)
PROPERTIES = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


def filled(con: duckdb.DuckDBPyConnection, **values: list[float]) -> None:
    con.execute("delete from area; delete from measure_value")
    con.executemany("insert into area values (?, ?, 'municipality')", [(a, a) for a in MANY])
    for measure, found in values.items():
        rows = [(measure, area, value) for area, value in zip(MANY, found, strict=True)]
        con.executemany("insert into measure_value values (?, ?, 2022, 'T', ?, null, null)", rows)


@PROPERTIES
@given(alpha=VALUES, beta=VALUES, gamma=VALUES, weights=st.tuples(WEIGHTS, WEIGHTS, WEIGHTS), scale=WEIGHTS)
def test_a_distance_is_symmetric_and_only_the_proportions_of_weights_count(
    con: duckdb.DuckDBPyConnection,
    alpha: list[float],
    beta: list[float],
    gamma: list[float],
    weights: tuple[float, float, float],
    scale: float,
) -> None:
    filled(con, alpha=alpha, beta=beta, gamma=gamma)
    names = ("alpha", "beta:log", "gamma:alpha")
    text = ", ".join(f"{name}={weight!r}" for name, weight in zip(names, weights, strict=True))
    found = distances(con, MANY, text)

    assert len(found) == len(MANY) * (len(MANY) - 1)
    assert all(found[a, b] == found[b, a] for a, b in combinations(MANY, 2))
    scaled = ", ".join(f"{name}={weight * scale!r}" for name, weight in zip(names, weights, strict=True))
    assert distances(con, MANY, scaled) == pytest.approx(found, abs=1e-6)
    turned = ", ".join(reversed(text.split(", ")))
    assert distances(con, MANY, turned) == found


@PROPERTIES
@given(alpha=VALUES, beta=VALUES, gamma=VALUES)
def test_the_weight_0_leaves_a_variable_out(
    con: duckdb.DuckDBPyConnection, alpha: list[float], beta: list[float], gamma: list[float]
) -> None:
    filled(con, alpha=alpha, beta=beta, gamma=gamma)
    con.execute(
        "delete from measure_value where measure_id = 'gamma' and area_id = '2003'"
    )  # missing, but not asked for

    without = distances(con, MANY, "alpha=1, beta=0.3")

    assert distances(con, MANY, "alpha=1, beta=0.3, gamma=0") == without
    choice = choose(con, None, ["alpha=1", "beta=0.3,gamma=0"], 3)
    answer = find_similar(con, "2000", 2022, choice)
    assert [n["distance"] for n in answer.neighbours] == sorted(d for (a, _), d in without.items() if a == "2000")[:3]
    assert answer.compared == len(MANY)
    assert answer.left_out == []
    assert any("gamma" in warning for warning in answer.warnings)


def test_who_lacks_a_value_is_left_out_by_name_with_the_reason(con: duckdb.DuckDBPyConnection) -> None:
    filled(con, alpha=[float(n) for n in range(1, 13)], beta=[float(n * n) for n in range(1, 13)])
    con.execute(
        "update measure_value set value = null, reason = 'missing' where measure_id = 'alpha' and area_id = '2001'"
    )
    con.execute("update measure_value set caution = 'negative' where measure_id = 'alpha' and area_id = '2002'")
    con.execute("update measure_value set value = 0 where measure_id = 'beta' and area_id = '2003'")
    con.execute("delete from measure_value where measure_id = 'beta' and area_id = '2004'")

    answer = find_similar(con, "2000", 2022, choose(con, None, ["alpha", "beta:log"], 20))

    assert {(row["area_id"], row["variable"], row["reason"]) for row in answer.left_out} == {
        ("2001", "alpha", "missing"), ("2002", "alpha", "negative"), ("2003", "beta:log", "not_positive"),
        ("2004", "beta:log", "not_published"),
    }  # fmt: skip
    assert (answer.compared, len(answer.neighbours)) == (8, 7)
    assert "4 kommuner saknar något värde" in " ".join(answer.warnings)
    with pytest.raises(UsageError, match=r"lacks a variable that year.*2003.*beta:log \(not_positive\)"):
        find_similar(con, "2003", 2022, choose(con, None, ["alpha", "beta:log"]))
    with pytest.raises(UsageError, match=r"no year in which all variables are known.*no value of empty"):
        find_similar(con, "2000", None, choose(con, None, ["alpha", "empty"]))


def test_a_variable_that_is_alike_everywhere_makes_no_difference(con: duckdb.DuckDBPyConnection) -> None:
    filled(con, alpha=[float(n) for n in range(1, 13)], whole=[5.0] * 12)

    answer = find_similar(con, "2000", 2022, choose(con, None, ["alpha", "whole"], 1))

    (nearest,) = answer.neighbours
    assert nearest["area_id"] == "2001"
    told = {part["variable"]: part["contribution_pct"] for part in nearest["variables"]}
    assert told == {"alpha": pytest.approx(100), "whole": None}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["siz=1"], "there is no such measure.*found: siz.*did you mean size"),
        (["share_of_old"], "an indicator is no variable.*did you mean share"),
        (["size:shar=1"], "found: shar.*did you mean share"),
        (["size=-1"], "a weight is a number of at least 0.*found: size=-1"),
        (["size=nan"], "a weight is a number of at least 0"),
        (["size=inf"], "a weight is a number of at least 0"),
        (["size=mycket"], "a weight is a number of at least 0"),
        (["size="], "a weight is a number of at least 0"),
        (["size=0,5"], "decimals have a point"),
        (["size", "size=2"], "a variable is named twice"),
        (["size=0"], "there is no variable to be similar by"),
        ([" , "], "there is no variable to be similar by"),
        (["size:size"], "a measure divided by itself"),
        (["size:share:beta"], "this is no variable"),
        (["size:log:share"], "this is no variable"),
        (["size:log:log"], "this is no variable"),
        (["log"], "this is no variable"),
        ([":size"], "this is no variable"),
        (["size::log"], "this is no variable"),
    ],
)
def test_what_cannot_be_chosen_is_told_with_what_was_probably_meant(
    con: duckdb.DuckDBPyConnection, given: list[str], told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        choose(con, None, given)


def test_sets_have_ids_and_kolada_s_have_no_order(three: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(UsageError, match=r"no such set.*kolada_x, usual.*found: usuall.*did you mean usual"):
        choose(three, "usuall")
    with pytest.raises(UsageError, match="either a standard set or variables"):
        choose(three, "usual", ["size"])
    for n in (0, -1, 51):
        with pytest.raises(UsageError, match="1 to 50"):
            choose(three, "usual", (), n)
    with pytest.raises(UsageError, match="have no order"):
        choose(three, "kolada_x", (), 1)
    three.execute("insert into area_membership values ('G1', '1003', 'kolada_x', '1001', null)")
    answer = find_similar(three, "1001", None, choose(three, "kolada_x"))
    assert [(n["area_id"], n["distance"]) for n in answer.neighbours] == [("1003", None)]
    assert answer.year == 2024
    with pytest.raises(UsageError, match=r"does not hold for that year.*2024 or later.*found: 2022"):
        find_similar(three, "1001", 2022, choose(three, "kolada_x"))
    with pytest.raises(UsageError, match=r"only municipalities.*Länet, a county"):
        find_similar(three, "10", 2022, choose(three, None))


def test_a_tie_for_the_last_place_is_told(con: duckdb.DuckDBPyConnection) -> None:
    """Of 2000 with 1, the nearest are 2001 with 2, then 2002 and 2003 with 3 each."""
    filled(con, alpha=[1.0, 2.0, 3.0, 3.0, *(float(n) for n in range(10, 18))])
    tied = {n: find_similar(con, "2000", 2022, choose(con, None, ["alpha"], n)) for n in (1, 2, 3, 11)}

    assert {n: answer.is_tied for n, answer in tied.items()} == {1: False, 2: True, 3: False, 11: False}
    assert [n["area_id"] for n in tied[2].neighbours] == ["2001", "2002"]
    assert any("avgörs av kommunkoden" in warning for warning in tied[2].warnings)


def test_far_is_when_fewer_than_half_are_near() -> None:
    assert far([1, 5, 10, 40, 50]) is None
    assert far([]) is None
    assert "bara 2 av 5" in str(far([1, 10, 10.1, 40, 50]))
    assert "ingen av 2" in str(far([11, 12]))


def test_medians_beside_a_choice_and_the_indicator_that_the_choice_is_made_by(con: duckdb.DuckDBPyConnection) -> None:
    """The three nearest of 2000 by alpha are 2001, 2002 and 2003: the median of 7, 100 and 8 is 8."""
    filled(con, alpha=[float(n) for n in range(1, 13)], beta=[float(n % 5) for n in range(12)])
    con.execute("insert into indicator values ('cost', 'N_other', 'published'), ('alpha_told', 'N_alpha', 'published')")
    con.execute(
        "insert into observation values ('cost', '2001', 2022, 'T', 7, null), ('cost', '2002', 2022, 'T', 100, null), "
        "('cost', '2003', 2022, 'T', 8, null), ('cost', '2004', 2022, 'T', 9, null), "
        "('cost', '2001', 2022, 'K', 1, null), ('cost', '2003', 2021, 'T', 1, null)"
    )
    rows = [
        {"indicator_id": "cost", "year": 2022, "caution": None, "similar_median": 1.0, "similar_n": 7},
        {"indicator_id": "alpha_told", "year": 2019, "caution": None, "similar_median": 1.0, "similar_n": 7},
    ]

    told = beside_similar(con, "2000", rows, choose(con, None, ["alpha"], 3))

    assert (rows[0]["similar_median"], rows[0]["similar_n"], rows[0]["similar_by"]) == (8, 3, "alpha=1")
    assert (rows[1]["similar_median"], rows[1]["similar_n"]) == (None, None)
    assert any("1 nyckeltal har sitt nyaste värde ett år" in line for line in told)
    assert any("själva mäter" in line or "alpha_told" in line for line in told)
    con.execute("update observation set caution = 'negative' where area_id = '2002'")
    beside_similar(con, "2000", rows[:1], choose(con, None, ["alpha"], 3))
    assert (rows[0]["similar_median"], rows[0]["similar_n"]) == (7.5, 2)
