"""Golden figures of the committed snapshot.

Each figure is computed here from `data/snapshot` with the arithmetic written out, stands beside it as a
literal number, and has to be what the release gives. Nothing of the project's own arithmetic is used.
"""

from __future__ import annotations

from functools import cache
from math import log
from statistics import fmean, median, stdev

import polars as pl
import pytest

from pipelines.reading import reader
from pipelines.settings import ROOT, Settings
from pipelines.storage import release_pointer

pytestmark = pytest.mark.slow

SNAPSHOT = ROOT / "data" / "snapshot"
GOTEBORG, NATION = "1480", "0000"
COST, COST_AT_HOME, INHABITANTS, STAFF, FALLS = "N20048", "N21022", "N01957", "N20041", "N20402"
GR = ("1384", "1401", "1402", "1407", "1415", "1419", "1440", "1441", "1462", "1480", "1481", "1482", "1489")
CITIES = ("0180", "1280", "1480")


@cache
def values() -> pl.DataFrame:
    return pl.read_parquet(SNAPSHOT / "kolada_values.parquet")


def of_year(series: str, year: int) -> dict[str, float]:
    """Published values by area, T, without the missing ones."""
    rows = values().filter(series_id=series, year=year, sex="T").drop_nulls("value")
    return dict(rows.select("area_id", "value").iter_rows())


@cache
def municipalities() -> frozenset[str]:
    areas = pl.read_csv(SNAPSHOT / "kolada_municipality.csv", infer_schema=False)
    return frozenset(areas.filter(area_type="K")["area_id"])


def standardised(told: dict[str, float]) -> dict[str, float]:
    mean, deviation = fmean(told.values()), stdev(told.values())
    return {area: (value - mean) / deviation for area, value in told.items()}


def like_goteborg(year: int) -> list[str]:
    """The seven nearest by the variables and weights of registers/similarity.yml, the arithmetic written out."""
    people, old, older, land, urban, income, educated, born_abroad = (
        of_municipalities(series, year)
        for series in ("N01951", "N01956", "N01957", "N02993", "N00954", "N00905", "N01982", "N02926")
    )
    variables = [
        (1.0, {a: log(n) for a, n in people.items()}),
        (1.0, {a: older[a] / n for a, n in people.items()}),
        (0.5, {a: old[a] / n for a, n in people.items()}),
        (0.5, {a: log(n / land[a]) for a, n in people.items()}),
        (0.5, urban), (0.5, income), (0.5, educated), (0.5, born_abroad),
    ]  # fmt: skip
    told = [(weight, standardised(values)) for weight, values in variables]
    distance = {a: sum(w * (z[a] - z[GOTEBORG]) ** 2 for w, z in told) for a in municipalities() - {GOTEBORG}}
    return sorted(distance, key=lambda a: distance[a])[:7]


def of_municipalities(series: str, year: int) -> dict[str, float]:
    return {area: value for area, value in of_year(series, year).items() if area in municipalities()}


def kpif(year: int) -> float:
    months = pl.read_csv(SNAPSHOT / "scb_kpif.csv").filter(year=year)["value"].to_list()
    assert len(months) == 12
    return fmean(months)


def observed(settings: Settings, indicator: str, area: str, year: int) -> tuple[float, float | None, float | None]:
    """value, numerator and denominator of the release, T."""
    folder = release_pointer.current_folder(settings.releases_dir)
    query = (
        "select value, numerator, denominator from observation "
        "where indicator_id = $1 and area_id = $2 and year = $3 and sex = 'T'"
    )
    ((value, numerator, denominator),) = reader.query(folder, query, [indicator, area, year]).rows()
    return value, numerator, denominator


def compared(settings: Settings, indicator: str, year: int) -> dict[str, float]:
    """Göteborg's row of `comparison`, T."""
    folder = release_pointer.current_folder(settings.releases_dir)
    query = "select * from comparison where indicator_id = $1 and area_id = '1480' and year = $2 and sex = 'T'"
    (row,) = reader.query(folder, query, [indicator, year]).to_dicts()
    return row


def test_the_cost_of_goteborg_is_what_is_published(full_release: Settings) -> None:
    value, _, _ = observed(full_release, "kostnad_aldreomsorg_per_inv_80", GOTEBORG, 2022)

    assert value == of_year(COST, 2022)[GOTEBORG]
    assert round(value) == 290_766


def test_the_cost_of_gr_is_money_over_inhabitants(full_release: Settings) -> None:
    """12 951 162 000 kr / 49 417 inhabitants aged 80 and over = 262 079 kr; unweighted, 242 122."""
    cost, inhabitants = of_year(COST, 2022), of_year(INHABITANTS, 2022)
    money, people = sum(cost[a] * inhabitants[a] for a in GR), sum(inhabitants[a] for a in GR)

    value, numerator, denominator = observed(full_release, "kostnad_aldreomsorg_per_inv_80", "GR", 2022)

    assert numerator == pytest.approx(money)
    assert round(money) == 12_951_162_000
    assert denominator == people == 49_417
    assert value == pytest.approx(money / people)
    assert round(value) == 262_079
    row = compared(full_release, "kostnad_aldreomsorg_per_inv_80", 2022)
    assert row["gr_weighted"] == value
    assert row["gr_unweighted"] == pytest.approx(fmean(cost[a] for a in GR))
    assert round(row["gr_unweighted"]) == 242_122


def test_the_whole_cost_is_rate_times_inhabitants(full_release: Settings) -> None:
    """290 766.048 kr x 23 928 inhabitants = 6 957 450 000 kr."""
    money = of_year(COST, 2022)[GOTEBORG] * of_year(INHABITANTS, 2022)[GOTEBORG]

    value, _, denominator = observed(full_release, "kostnad_aldreomsorg_totalt", GOTEBORG, 2022)

    assert value == pytest.approx(money)
    assert round(value) == 6_957_450_000
    assert denominator is None


def test_fixed_prices_are_lifted_by_the_annual_means_of_kpif(full_release: Settings) -> None:
    """284 104 kr x 242.293 / 224.940 = 306 022 kr; the base year itself is not changed."""
    assert (round(kpif(2021), 3), round(kpif(2022), 3)) == (224.940, 242.293)
    lifted = of_year(COST, 2021)[GOTEBORG] * kpif(2022) / kpif(2021)

    value, _, _ = observed(full_release, "kostnad_aldreomsorg_per_inv_80_fasta_priser", GOTEBORG, 2021)
    base, _, _ = observed(full_release, "kostnad_aldreomsorg_per_inv_80_fasta_priser", GOTEBORG, 2022)

    assert value == pytest.approx(lifted)
    assert round(value) == 306_022
    assert base == pytest.approx(of_year(COST, 2022)[GOTEBORG])


def test_the_share_of_cost_in_own_homes(full_release: Settings) -> None:
    """112 219 / 290 766 = 38.6 % in Göteborg; 5 276 354 000 / 12 951 162 000 = 40.7 % in GR."""
    at_home, cost, inhabitants = (of_year(s, 2022) for s in (COST_AT_HOME, COST, INHABITANTS))

    own, _, _ = observed(full_release, "andel_kostnad_ordinart_boende", GOTEBORG, 2022)
    gr, numerator, denominator = observed(full_release, "andel_kostnad_ordinart_boende", "GR", 2022)

    assert own == pytest.approx(100 * at_home[GOTEBORG] / cost[GOTEBORG])
    assert round(own, 1) == 38.6
    assert numerator == pytest.approx(sum(at_home[a] * inhabitants[a] for a in GR))
    assert denominator == pytest.approx(sum(cost[a] * inhabitants[a] for a in GR))
    assert round(gr, 1) == 40.7


def test_staff_for_each_thousand_aged_80_and_over(full_release: Settings) -> None:
    """12 104.71 årsarbetare x 1 000 / 23 928 inhabitants = 505.9."""
    staff, inhabitants = of_year(STAFF, 2022), of_year(INHABITANTS, 2022)

    value, numerator, denominator = observed(full_release, "arsarbetare_per_1000_inv_80", GOTEBORG, 2022)

    assert (numerator, denominator) == (12_104.71, 23_928)
    assert value == pytest.approx(1000 * staff[GOTEBORG] / inhabitants[GOTEBORG])
    assert round(value, 1) == 505.9


def test_goteborg_beside_its_county_its_kind_and_its_likes(full_release: Settings) -> None:
    """County: unweighted mean of 49. Kind: median of three cities, Malmö. Likes: median of seven."""
    cost = of_year(COST, 2022)
    county = [area for area in municipalities() if area.startswith("14")]
    assert len(county) == 49

    row = compared(full_release, "kostnad_aldreomsorg_per_inv_80", 2022)

    assert row["nation"] == cost[NATION]
    assert round(row["nation"]) == 251_803
    assert row["county_mean"] == pytest.approx(fmean(cost[a] for a in county))
    assert round(row["county_mean"]) == 255_221
    assert row["kommungrupp_median"] == median(cost[a] for a in CITIES) == cost["1280"]
    assert round(row["kommungrupp_median"]) == 271_464
    assert row["similar_median"] == median(cost[a] for a in like_goteborg(2022))
    assert (round(row["similar_median"]), row["similar_n"]) == (245_977, 7)
    assert row["difference_to_nation"] == pytest.approx(cost[GOTEBORG] - cost[NATION])


def test_the_place_of_goteborg_by_cost_where_the_highest_is_first(full_release: Settings) -> None:
    """52 municipalities cost more, 237 of the other 289 cost less: place 53, percentile 82.0."""
    cost = of_municipalities(COST, 2022)
    more = sum(v > cost[GOTEBORG] for v in cost.values())
    less = sum(v < cost[GOTEBORG] for v in cost.values())

    row = compared(full_release, "kostnad_aldreomsorg_per_inv_80", 2022)

    assert (row["rank"], row["of_n"]) == (more + 1, len(cost)) == (53, 290)
    assert less == 237
    assert row["percentile"] == pytest.approx(100 * less / (len(cost) - 1))
    assert round(row["percentile"], 1) == 82.0


def test_the_place_of_goteborg_by_falls_where_the_lowest_is_first(full_release: Settings) -> None:
    """100 of the 289 municipalities with a value had fewer falls: place 101, percentile 100 / 288 = 34.7."""
    falls = of_municipalities(FALLS, 2022)
    fewer = sum(v < falls[GOTEBORG] for v in falls.values())

    row = compared(full_release, "fallskador_80", 2022)

    assert (row["rank"], row["of_n"]) == (fewer + 1, len(falls)) == (101, 289)
    assert row["percentile"] == pytest.approx(100 * fewer / (len(falls) - 1))
    assert round(row["percentile"], 1) == 34.7


def test_change_is_the_difference_to_one_and_five_years_before(full_release: Settings) -> None:
    """290 766 - 284 104 = 6 662 since 2021, 290 766 - 258 646 = 32 120 since 2017."""
    now, last, five = (of_year(COST, year)[GOTEBORG] for year in (2022, 2021, 2017))

    row = compared(full_release, "kostnad_aldreomsorg_per_inv_80", 2022)

    assert row["change_1y"] == pytest.approx(now - last)
    assert round(row["change_1y"]) == 6_662
    assert row["change_5y"] == pytest.approx(now - five)
    assert round(row["change_5y"]) == 32_120


@pytest.mark.parametrize(("year", "published"), [(2019, 129_380), (2020, 135_270), (2021, 138_798)])
def test_the_municipalities_add_up_to_scbs_total(full_release: Settings, year: int, published: int) -> None:
    """Kronor per inhabitant aged 80 and over times inhabitants, in million kronor."""
    cost, inhabitants = of_municipalities(COST, year), of_municipalities(INHABITANTS, year)
    assert len(cost) == 290
    assert round(sum(cost[a] * inhabitants[a] for a in cost) / 1e6) == published

    folder = release_pointer.current_folder(full_release.releases_dir)
    query = (
        "select round(sum(o.value) / 1e6), count(*) from observation as o join area as a using (area_id) "
        "where o.indicator_id = 'kostnad_aldreomsorg_totalt' and o.year = $1 and o.sex = 'T' "
        "and a.area_type = 'municipality'"
    )
    assert reader.query(folder, query, [year]).rows() == [(published, 290)]
    passed = "select passed from quality_result where check_id = 'control.rikssumma_aldreomsorg_scb'"
    assert reader.query(folder, passed).item() is True
