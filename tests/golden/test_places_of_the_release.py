"""What has to hold of every place of a whole release, and that every sentence of what stands out agrees with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest
from scipy import stats

from indicators.statistics.standing_out import END, LEVEL, YEARS
from pipelines.settings import ROOT, Settings
from pipelines.storage import release_pointer
from pipelines.storage.release_pointer import DATABASE
from pipelines.text.swedish_numbers import number

pytestmark = pytest.mark.slow

METHOD = (ROOT / "docs" / "method.md").read_text(encoding="utf-8")
FIELD = ["indicator_id", "year", "sex"]
SECTION = re.compile(r'<section aria-labelledby="sticker-ut">(.*?)</section>', re.DOTALL)
KNOWN = re.compile(
    r"<p>(\d+) nyckeltal med intervall är prövade\. (\d+|Inget) ligger utanför .*?i snitt högst ([\d,]+)\. "
    r"När alla prövas tillsammans sticker (\d+|inget) ut(?:, här de (\d+) tydligaste)?\."
)
UNKNOWN = re.compile(
    r"<p>(\d+) nyckeltal har inget intervall.*?håll: (\d+|inget) gör det(?:, här (\d+) av dem)?\. "
    r"Lottades .*?högst ([\d,]+)\.<"
)
ITEM = re.compile(
    r'<li><a href="\.\./nyckeltal/([^"]+)\.html">[^<]*</a>: <b>[^<]*</b> \(\d{4}\), [^<]*? kommuner(?:, ([^.]*))?\.'
    r"(?: (Högre|Lägre) än väntat: mitten är ([^ .]*(?: [^ .]*)*?)(?: och (?:högre|lägre) är bättre)?\.)?"
)
SIZES = """
    select area_id, ntile(10) over (order by value, area_id) as tenth from structure_value
    where measure_id = 'invanare' and per_measure_id is null and year = (select max(year) from structure_value)
"""


@pytest.fixture(scope="module")
def folder(full_release: Settings) -> Path:
    return release_pointer.current_folder(full_release.releases_dir)


@pytest.fixture(scope="module")
def con(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(folder / DATABASE), read_only=True) as opened:
        yield opened


def test_every_value_with_an_interval_has_a_place_with_one_and_no_other_does(con: duckdb.DuckDBPyConnection) -> None:
    both, only_values, only_places, silent = (
        con.execute(
            """
        select
            count(*) filter (o.lower_95 is not null and p.rank_lower is not null),
            count(*) filter (o.lower_95 is not null and p.rank_lower is null),
            count(*) filter (o.lower_95 is null and p.rank_lower is not null),
            count(*) filter (p.area_id is not null and (p.rank_lower is null) <> (p.reason is not null))
        from comparison as c
        join observation as o using (indicator_id, area_id, year, sex)
        left join place as p using (indicator_id, area_id, year, sex)
        where c.of_n is not null
        """
        ).fetchone()
        or ()
    )
    assert both > 90_000
    assert (only_values, only_places, silent) == (0, 0, 0)
    reasons = con.execute(
        "select count(*) from place as p join observation as o using (indicator_id, area_id, year, sex) "
        "where p.reason is distinct from o.interval_reason"
    ).fetchone()
    assert reasons == (0,)


def test_money_and_what_is_no_count_never_have_an_interval_of_the_place(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute(
        "select count(*), count(rank_lower), count(p_value) from place where indicator_id like 'kostnad%'"
    ).fetchone()
    assert found is not None
    assert found[0] > 5_000
    assert found[1:] == (0, 0)


def test_every_interval_holds_the_observed_place_and_is_said_from_its_end(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        "select rank_lower, rank_upper, place_interval_sv, rank_from_highest as top, rank_from_lowest as bottom, of_n "
        "from place join comparison using (indicator_id, area_id, year, sex) where rank_lower is not null"
    ).pl()
    assert rows.filter(
        (pl.col("rank_lower") < 1) | (pl.col("rank_lower") > pl.col("top"))
        | (pl.col("rank_upper") < pl.col("of_n") - pl.col("bottom") + 1) | (pl.col("rank_upper") > pl.col("of_n"))
    ).is_empty()  # fmt: skip
    wrong = [row for row in rows.unique().iter_rows() if row[2] != _said(*row[:2], *row[3:])]
    assert wrong[:3] == []


def _said(lower: int, upper: int, top: int, bottom: int, of_n: int) -> str:
    if (lower, upper) == (1, of_n):
        return "kan ligga var som helst"
    end = "högst" if top <= bottom else "lägst"
    first, last = (lower, upper) if top <= bottom else (of_n - upper + 1, of_n - lower + 1)
    ordinal = (f"{n}:{'a' if n % 10 in (1, 2) and n % 100 not in (11, 12) else 'e'}" for n in (first, last))
    return f"säkert {next(ordinal)} {end}" if first == last else "mellan {} och {} {}".format(*ordinal, end)


def test_the_interval_of_safety_with_home_help_is_as_wide_as_the_method_says(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute(
        "select median(rank_upper - rank_lower + 1), count(*) from place "
        "where indicator_id = 'trygghet_hemtjanst' and year = 2022 and sex = 'T' and rank_lower is not null"
    ).fetchone()
    (told,) = re.findall(r"trygghet_hemtjanst\* 2022 is (\d+) of (\d+) places wide", METHOD)
    assert found == (pytest.approx(int(told[0]), abs=1), int(told[1]))


def test_what_the_method_tells_of_kungsbacka_and_of_all_is_in_the_release(con: duckdb.DuckDBPyConnection) -> None:
    row = con.execute(
        "select rank_lower, rank_upper, place_interval_sv, target, round(z_score, 2), round(spread_lower_95, 1), "
        "round(spread_upper_95, 1), round(chance_lower_95, 1), round(chance_upper_95, 1) from place "
        "where indicator_id = 'trygghet_hemtjanst' and area_id = '1384' and year = 2022 and sex = 'T'"
    ).fetchone()
    assert row == (15, 179, "mellan 15:e och 179:e högst", 84.0, 1.28, 74.9, 91.3, 80.9, 86.9)
    counted = con.execute(
        "select count(distinct area_id) filter (basis = 'interval' and stands_out in ('higher', 'lower')), "
        "count(*) filter (basis = 'years' and stands_out in ('higher', 'lower')), "
        "count(*) filter (basis = 'years' and stands_out <> 'not_estimable') from place"
    ).fetchone()
    (areas,) = re.findall(r"Of 290, (\d+) have", METHOD)
    ((found, of),) = re.findall(r"would stand out; (\d+) of ([\d ]+) do", METHOD)
    assert counted == (int(areas), int(found), int(of.replace(" ", "")))


def test_q_of_both_families_is_benjamini_and_hochberg_s_of_the_p_values(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("select *, z_score from place where p_value is not null order by all").pl()
    for family, column in ((FIELD, "q_among_areas"), (["area_id"], "q_of_area")):
        judged = rows.filter(pl.col(column).is_not_null())
        for part in judged.partition_by(family)[::7]:
            expected = stats.false_discovery_control(part["p_value"].to_numpy())
            assert part[column].to_numpy() == pytest.approx(expected, rel=6e-3)
    side = pl.when(pl.col("z_score") > 0).then(pl.lit("higher")).otherwise(pl.lit("lower"))
    for column, verdict in (("q_among_areas", "outlier"), ("q_of_area", "stands_out")):
        judged = rows.filter(pl.col(column).is_not_null())
        expected = pl.when(pl.col(column) <= LEVEL).then(side).otherwise(pl.lit("no_difference"))
        assert judged.filter(pl.col(verdict) != expected).is_empty()


def test_p_and_limits_say_the_same(con: duckdb.DuckDBPyConnection) -> None:
    """Limits are of the normal distribution and p of whole persons, so near a limit a few are told otherwise."""
    found = con.execute(
        """
        select avg(((p.p_value < 0.05) <> (c.value not between p.spread_lower_95 and p.spread_upper_95))::int),
            avg(((p.p_value < 0.002) <> (c.value not between p.spread_lower_998 and p.spread_upper_998))::int),
            count(*) filter (p.chance_lower_95 < p.spread_lower_95 or p.chance_upper_95 > p.spread_upper_95),
            count(*) filter (p.p_value <= 0 or p.p_value > 1),
            count(*) filter (p.p_value < 0.001 and c.value between p.spread_lower_998 and p.spread_upper_998)
        from place as p join comparison as c using (indicator_id, area_id, year, sex) where p.p_value is not null
        """
    ).fetchone()
    assert found is not None
    assert found[0] < 0.015
    assert found[1] < 0.005
    assert found[2:] == (0, 0, 0)


def test_lasting_ends_are_ends_of_three_years(con: duckdb.DuckDBPyConnection) -> None:
    """Counted anew in SQL for those that are told; nobody with a caution or across a break is among them."""
    wrong = con.execute(
        f"""
        with told as (select indicator_id, area_id, size_group, stands_out, year from place
            where basis = 'years' and stands_out in ('higher', 'lower')),
        sized as (select distinct area_id, size_group from place where size_group is not null),
        ranked as (
            select c.indicator_id, c.area_id, c.year,
                rank() over (partition by c.indicator_id, c.year, s.size_group order by c.value) as low,
                rank() over (partition by c.indicator_id, c.year, s.size_group order by c.value desc) as high,
                count(*) over (partition by c.indicator_id, c.year, s.size_group) as n
            from comparison as c join sized as s using (area_id) where c.sex = 'T' and c.of_n is not null
        )
        select count(*), count(*) filter (years < {YEARS}) from (
            select t.indicator_id, t.area_id,
                count(*) filter (case t.stands_out when 'higher' then r.high else r.low end <= {END} * r.n) as years
            from told as t join ranked as r on r.indicator_id = t.indicator_id and r.area_id = t.area_id
                and r.year between t.year - 8 and t.year
            group by all
        )
        """
    ).fetchone()
    assert wrong is not None
    assert wrong[0] > 400
    assert wrong[1] == 0


def shares(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Per cent of the examined rows that stand out, by tenth of the municipalities by inhabitants."""
    return con.execute(
        f"""
        with sized as ({SIZES}),
        told as (
            select *, stands_out in ('higher', 'lower') as stands, outlier in ('higher', 'lower') as unusual from place
        )
        select tenth,
            100 * avg(unusual::int) filter (p_value is not null) as outlier,
            100 * avg(stands::int) filter (basis = 'interval' and stands_out <> 'not_estimable') as by_interval,
            100 * avg(stands::int) filter (basis = 'years' and stands_out <> 'not_estimable') as by_years,
            100 * avg((least(c.rank_from_highest, c.rank_from_lowest) <= 0.05 * c.of_n)::int)
                filter (t.basis is not null) as outermost
        from told as t join sized as s using (area_id) join comparison as c using (indicator_id, area_id, year, sex)
        group by tenth order by tenth
        """
    ).pl()


def test_small_municipalities_are_not_over_represented_and_the_method_says_by_how_much(
    con: duckdb.DuckDBPyConnection,
) -> None:
    found = shares(con)
    for column in ("outlier", "by_interval", "by_years"):
        smallest = found.filter(pl.col("tenth") <= 2)[column].mean()
        assert isinstance(smallest, float)
        assert smallest < 1.4 * float(np.mean(found[column].to_numpy())), column
    outermost = found["outermost"]
    assert outermost[:2].mean() > 1.4 * float(np.mean(outermost.to_numpy()))  # what was told before was
    (table,) = re.findall(r"(?m)^<!-- places by size -->\n\n((?:\|.*\n)+)", METHOD)
    told = [[float(cell) for cell in line.strip("|\n ").split("|")] for line in table.splitlines()[2:]]
    computed = found.select("tenth", "outermost", "outlier", "by_interval", "by_years").rows()
    for shown, now in zip(told, computed, strict=True):
        assert shown == pytest.approx(now, abs=0.06)


def test_every_sentence_of_what_stands_out_agrees_with_the_figures(
    con: duckdb.DuckDBPyConnection, folder: Path
) -> None:
    rows = con.execute(
        "select p.*, i.decimals from place as p join indicator as i using (indicator_id) where basis is not null"
    ).pl()
    by_area = {str(area): part for (area,), part in rows.group_by("area_id")}
    read = 0
    for path in sorted((folder / "site" / "omrade").glob("*.html")):
        section = SECTION.search(path.read_text(encoding="utf-8"))
        assert (section is not None) == (path.stem in by_area), path.stem
        if section is None:
            continue
        read += _read_section(unescape(section[1]).replace("\xa0", " "), by_area[path.stem], path.stem)
    assert read > 300


def _read_section(text: str, rows: pl.DataFrame, area: str) -> int:
    known = rows.filter(pl.col("basis") == "interval", pl.col("p_value").is_not_null())
    unknown = rows.filter(pl.col("basis") == "years", pl.col("stands_out") != "not_estimable")
    stands = pl.col("stands_out").is_in(["higher", "lower"])
    first, _, second = text.partition("Där slumpen är okänd")
    if known.height:
        (told,) = KNOWN.findall(first)
        outside, found = known.filter(pl.col("p_value") < LEVEL).height, known.filter(stands).height
        assert told[:4] == (str(known.height), str(outside or "Inget"), number(LEVEL * known.height, 1),
                            str(found or "inget")), area  # fmt: skip
        items = ITEM.findall(first)
        assert len(items) == int(told[4] or found) == min(found, 8), area
        of = {row["indicator_id"]: row for row in known.filter(stands).to_dicts()}
        for indicator, interval, word, middle in items:
            row = of[indicator]
            assert interval == row["place_interval_sv"], (area, indicator)
            assert word == {"higher": "Högre", "lower": "Lägre"}[row["stands_out"]], (area, indicator)
            assert middle == number(row["target"], row["decimals"]), (area, indicator)
        surest = sorted(of.values(), key=lambda row: (row["q_of_area"], row["p_value"], row["indicator_id"]))
        assert [item[0] for item in items] == [row["indicator_id"] for row in surest[: len(items)]], area
    if unknown.height:
        (told,) = UNKNOWN.findall(second)
        found = unknown.filter(stands).height
        by_chance = number(2 * END**YEARS * unknown.height, 2)
        assert (told[0], told[1], told[3]) == (str(unknown.height), str(found or "inget"), by_chance), area
        items = ITEM.findall(second)
        assert len(items) == int(told[2] or found), area
        assert {item[0] for item in items} <= set(unknown.filter(stands)["indicator_id"]), area
    return len(ITEM.findall(text))
