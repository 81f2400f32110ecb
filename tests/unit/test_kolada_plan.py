"""Which requests Kolada is asked: each id once, within the limits, and as few as there can be."""

from __future__ import annotations

from math import ceil

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.settings import ROOT
from pipelines.sources.kolada.plan import even, pack, slices, spread, sweep

MAX_IDS, PAGE = 25, 5000
IDS = st.lists(st.integers(0, 10**6).map(str), min_size=1, max_size=400, unique=True)


@given(IDS, st.integers(1, 40))
def test_slices_and_even_runs_hold_each_id_once_in_order(ids: list[str], size: int) -> None:
    for cut in (slices, even):
        runs = cut(ids, size)
        assert [i for run in runs for i in run] == ids
        assert all(1 <= len(run) <= size for run in runs)
        assert len(runs) == ceil(len(ids) / size)


def test_the_short_slice_comes_first() -> None:
    assert [len(run) for run in slices([str(n) for n in range(312)], MAX_IDS)] == [12, *[25] * 12]
    assert [len(run) for run in slices([str(n) for n in range(50)], MAX_IDS)] == [25, 25]


@given(st.dictionaries(st.integers(0, 10**4).map(str), st.floats(0, 900), min_size=1, max_size=250))
def test_batches_hold_each_id_once_within_the_limit(items: dict[str, float]) -> None:
    batches = pack(items, PAGE, MAX_IDS)
    assert sorted(i for batch in batches for i in batch) == sorted(items)
    assert all(1 <= len(batch) <= MAX_IDS for batch in batches)


@given(IDS)
def test_spreading_keeps_each_id_once(ids: list[str]) -> None:
    assert sorted(spread(ids)) == sorted(ids)


def test_any_run_of_what_was_spread_has_its_part_of_every_kind() -> None:
    mixed = spread(["k"] * 288 + ["l"] * 24)
    runs = [mixed[n : n + 25].count("l") for n in range(0, 300, 25)]
    assert min(runs) >= 1
    assert max(runs) <= 3


def test_batches_fill_their_pages() -> None:
    # 20 ids of 960 items are 19 200 items: 4 pages at least, and 20 pages if each id were asked for by itself.
    assert sum(_pages(len(b) * 960) for b in pack({str(n): 960.0 for n in range(20)}, PAGE, MAX_IDS)) == 4


def _pages(items: float) -> int:
    return max(1, ceil(items / PAGE))


def requests(years: dict[str, dict[str, int]], areas: list[str]) -> tuple[int, int]:
    """Requests of a sweep, and the least that the limits allow.

    Args:
        years: for each KPI, the number of years that each area has values for.
    """
    kpis = sorted(years)
    areas = spread(areas)
    first = slices(areas, MAX_IDS)[0]

    def cost(batches: list[list[str]], portion: list[list[str]]) -> int:
        return sum(
            _pages(sum(years[k].get(a, 0) for k in batch for a in some)) for some in portion for batch in batches
        )

    made, asked = cost(even(kpis, MAX_IDS), [first]), len(first)
    while asked < len(areas):
        learnt = {k: sum(years[k].get(a, 0) for a in areas[:asked]) / asked for k in kpis}
        batches, portions = sweep(learnt, areas[asked:], PAGE, MAX_IDS)
        made, asked = made + cost(batches, portions[:1]), asked + len(portions[0])
    items = sum(n for by_area in years.values() for n in by_area.values())
    least = max(ceil(items / PAGE), ceil(len(kpis) / MAX_IDS) * ceil(len(areas) / MAX_IDS))
    return made, least


@pytest.mark.parametrize("years", [1, 5, 13, 20, 24, 29, 31, 33, 40])
def test_the_whole_catalogue_costs_at_most_15_percent_more_than_the_least(years: int) -> None:
    areas = [f"{n:04d}" for n in range(312)]
    made, least = requests({f"N{n:05d}": dict.fromkeys(areas, years) for n in range(197)}, areas)
    assert made <= 1.15 * least, (made, least, made / least)


def test_the_real_spread_of_years_costs_at_most_16_percent_more_than_the_least() -> None:
    values = pl.read_parquet(ROOT / "data" / "snapshot" / "kolada_values.parquet")
    listed = pl.read_csv(ROOT / "data" / "snapshot" / "kolada_municipality.csv", infer_schema=False)
    areas = listed.sort("area_type", "area_id")["area_id"].to_list()
    counted = values.group_by("series_id", "area_id").agg(pl.col("year").n_unique())
    years: dict[str, dict[str, int]] = {}
    for kpi, area, n in counted.iter_rows():
        years.setdefault(kpi, {})[area] = n
    made, least = requests(years, areas)
    assert made <= 1.16 * least, (made, least, made / least)
    assert least == 86  # 429 867 items on pages of 5 000
