"""What has to hold of every figure of a whole release: formulas, ranges, intervals, breaks, distances, indices."""

from __future__ import annotations

import re
from collections.abc import Iterator

import duckdb
import pytest

from indicators.load.catalogue import load_catalogue
from pipelines.settings import ROOT, Settings
from pipelines.storage import release_pointer
from pipelines.storage.release_pointer import DATABASE
from tests.support.shared import shared_file

pytestmark = pytest.mark.slow

CATALOGUE = load_catalogue()
COMPUTED = [i.indicator_id for i in CATALOGUE.indicators if i.kind != "published"]


@pytest.fixture(scope="module")
def con(full_release: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = release_pointer.current_folder(full_release.releases_dir)
    with duckdb.connect(str(folder / DATABASE), read_only=True) as opened:
        yield opened


def one(con: duckdb.DuckDBPyConnection, query: str, *arguments: object) -> tuple[object, ...]:
    found = con.execute(query, list(arguments)).fetchone()
    assert found is not None
    return found


def formula_of_the_page(indicator_id: str) -> str:
    page = (ROOT / "docs" / "dictionary" / f"{indicator_id}.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"(?m)^\| Formel \| `(.*)` \|$", page)
    return str(text)


def as_sql(formula: str) -> tuple[str, list[str]]:
    """The formula over columns `m_<measure>`, and the measures; fixed prices over `prices` (base and own year)."""
    text = (
        re.sub(r"× (\w+) (\d{4}) / \1 året", r"× price_base / price_own", formula)
        .replace("×", "*")
        .replace("min(", "least(")
    )
    measures = sorted(
        {w for w in re.findall(r"[a-z_][a-z0-9_]*", text) if w not in {"price_base", "price_own", "least"}}
    )
    for measure in sorted(measures, key=len, reverse=True):
        text = re.sub(rf"(?<![\w.]){measure}(?!\w)", f"m_{measure}", text)
    return text, measures


@pytest.mark.parametrize("indicator_id", COMPUTED)
def test_a_computed_value_is_what_the_formula_of_its_page_gives(
    con: duckdb.DuckDBPyConnection, indicator_id: str
) -> None:
    indicator = CATALOGUE.by_id[indicator_id]
    sql, measures = as_sql(formula_of_the_page(indicator_id))
    columns = ", ".join(f"max(value) filter (measure_id = '{m}') as m_{m}" for m in measures)
    prices = "select null as year, 1.0 as price_own, 1.0 as price_base where false"
    join = ""
    if indicator.is_deflated and indicator.price_basis:
        base = indicator.price_basis.base_year
        prices = (
            "select o.year, o.value as price_own, b.value as price_base from price_index as o "
            f"join price_index as b on b.index_id = o.index_id and b.year = {base} where o.index_id = 'kpif'"
        )
        join = "join prices using (year)"
    n, wrong, unlike = one(
        con,
        f"with inputs as (select area_id, year, sex, {columns} from measure_value group by all), prices as ({prices}) "
        f"select count(value), count(*) filter (value is not null and "
        f"abs(value - ({sql})) > 1e-9 * greatest(1, abs(value))), "
        f"count(*) filter (value is not null and ({sql}) is null) "
        f"from observation_wide join inputs using (area_id, year, sex) {join} "
        "where indicator_id = $1 and area_type not in ('group', 'county')",
        indicator_id,
    )
    live_only = any(
        not CATALOGUE.measure_by_id[m].embedded or CATALOGUE.measure_by_id[m].dataset.startswith("submissions")
        for m in measures
    )
    assert live_only or n, "no value of it was computed"
    assert (wrong, unlike) == (0, 0)


def test_a_group_s_value_is_its_members_numerators_over_their_denominators(con: duckdb.DuckDBPyConnection) -> None:
    n, wrong = one(
        con,
        """
        select count(*), count(*) filter (
            abs(g.value - indicators.multiplier * s.numerator / s.denominator) > 1e-6 * abs(g.value))
        from (
            select group_id, indicator_id, year, sex, sum(numerator) as numerator, sum(denominator) as denominator
            from observation join area_membership using (area_id)
            where group_type in ('gr', 'county') group by all
        ) as s
        join observation as g on (g.area_id, g.indicator_id, g.year, g.sex)
            = (s.group_id, s.indicator_id, s.year, s.sex)
        join indicator as indicators on g.indicator_id = indicators.indicator_id
        where g.value is not null and g.denominator is not null and s.denominator <> 0
        """,
    )
    assert (int(str(n)) > 10_000, wrong) == (True, 0)


def test_every_value_has_an_interval_that_holds_it_or_a_reason(con: duckdb.DuckDBPyConnection) -> None:
    n, without, outside, nested = one(
        con,
        """
        select count(lower_95), count(*) filter ((lower_95 is null) = (interval_reason is null)),
            count(*) filter (value < lower_95 - 1e-9 or value > upper_95 + 1e-9),
            count(*) filter (lower_998 > lower_95 or upper_998 < upper_95)
        from observation
        """,
    )
    assert int(str(n)) > 100_000
    assert (without, outside, nested) == (0, 0, 0)


def test_no_value_outside_its_plausible_range_is_unflagged(con: duckdb.DuckDBPyConnection) -> None:
    outside, flagged = one(
        con,
        """
        select count(*), count(p.rule) from observation as o
        join indicator as i using (indicator_id)
        join area as a on a.area_id = o.area_id and a.area_type in ('municipality', 'region', 'nation')
        left join plausibility as p on (p.indicator_id, p.area_id, p.year, p.sex)
            = (o.indicator_id, o.area_id, o.year, o.sex) and p.rule = 'range'
        where (o.value < plausible_min or o.value > plausible_max)
            and not (a.area_type = 'nation' and i.value_type in ('count', 'amount'))
        """,
    )
    assert outside == flagged
    assert int(str(outside)) > 0


def test_what_is_listed_as_odd_stands_untouched(con: duckdb.DuckDBPyConnection) -> None:
    assert one(
        con,
        "select count(*) from plausibility as p join observation as o using (indicator_id, area_id, year, sex) "
        "where p.value - o.value > 1e-6 * greatest(1, abs(o.value))",
    ) == (0,)


def test_no_trend_change_or_jump_crosses_a_break(con: duckdb.DuckDBPyConnection) -> None:
    (trends,) = one(
        con,
        "select count(*) from trend as t join observation as o using (indicator_id, area_id, sex) "
        "where t.method is not null and o.break_before and o.year > t.first_year and o.year <= t.last_year",
    )
    (changes,) = one(
        con,
        "select count(*) from comparison as c join observation as o using (indicator_id, area_id, sex) "
        "where o.break_before and ((c.change_1y is not null and o.year = c.year) "
        "or (c.change_5y is not null and o.year between c.year - 4 and c.year))",
    )
    (jumps,) = one(
        con,
        "select count(*) from plausibility as p join observation as o using (indicator_id, area_id, sex, year) "
        "where p.rule = 'jump' and o.break_before",
    )
    assert (trends, changes, jumps) == (0, 0, 0)


def test_breaks_are_inherited_from_the_series_that_a_value_is_made_of(con: duckdb.DuckDBPyConnection) -> None:
    (text,) = one(con, "select breaks from indicator where indicator_id = 'kostnad_per_vagd_brukare'")
    assert "2021" in str(text)


def test_nobody_stands_beside_itself(con: duckdb.DuckDBPyConnection) -> None:
    assert one(con, "select count(*) from comparison where area_id = 'GR' and gr_weighted is not null") == (0,)
    assert one(con, "select count(*) from comparison where area_id = '0980' and county_mean is not null") == (0,)
    assert one(con, "select count(*) from comparison where area_id = '0000'") == (0,)
    assert one(con, "select count(*) > 1000 from comparison where area_id = 'GR' and nation is not null") == (True,)


def test_distances_are_the_same_both_ways_and_each_has_seven(con: duckdb.DuckDBPyConnection) -> None:
    assert one(
        con,
        "select count(*) from similar_area as a join similar_area as b on a.area_id = b.similar_area_id "
        "and a.similar_area_id = b.area_id and a.year = b.year and a.recipe_id = b.recipe_id "
        "where a.distance <> b.distance",
    ) == (0,)
    assert one(con, "select min(n), max(n), count(*) filter (year = 2022) from (select recipe_id, year, area_id, "
               "count(*) as n from similar_area group by all)") == (7, 7, 4 * 290)  # fmt: skip
    names = con.execute(
        "select name from similar_area join area on area.area_id = similar_area_id "
        "where similar_area.area_id = '1480' and year = 2022 and recipe_id = 'aldreomsorg' order by rank"
    ).fetchall()
    assert [n for (n,) in names][:2] == ["Malmö", "Stockholm"]


def test_an_index_can_be_computed_by_hand_from_its_inputs(con: duckdb.DuckDBPyConnection) -> None:
    n, wrong = one(
        con,
        """
        select count(*), count(*) filter (abs(c.value - i.by_hand) > 1e-6)
        from composite as c join (
            select composite_id, area_id, year, 100 + 10 * sum(weight * turn
                * greatest(-3, least(3, (value - mean) / standard_deviation))) / sum(weight) as by_hand
            from composite_input group by all
        ) as i using (composite_id, area_id, year)
        where c.value is not null
        """,
    )
    assert (int(str(n)) > 10_000, wrong) == (True, 0)
    assert one(con, "select count(*) from composite where coverage < 0.7 and value is not null") == (0,)
    assert one(con, "select count(*) from composite_input where input_year < year - 2") == (0,)


def test_a_weighted_mean_lies_between_the_least_and_the_largest_member(con: duckdb.DuckDBPyConnection) -> None:
    assert one(
        con,
        """
        select count(*) from observation as g join (
            select group_id, indicator_id, year, sex, min(value) as low, max(value) as high
            from observation join area_membership using (area_id) where group_type in ('gr', 'county', 'kommungrupp')
            group by all
        ) as m on (g.area_id, g.indicator_id, g.year, g.sex) = (m.group_id, m.indicator_id, m.year, m.sex)
        join indicator as i on g.indicator_id = i.indicator_id
        where i.value_type in ('proportion', 'mean') and i.denominator is not null and g.denominator > 0
            and (g.value < m.low - 1e-6 or g.value > m.high + 1e-6)
        """,
    ) == (0,)


def test_money_stands_in_fixed_prices_with_the_vintage_of_the_index(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        "select value, fixed_value, index_value, index_base_value, index_known_from is not null from fixed_price "
        "where indicator_id = 'kostnad_aldreomsorg_per_inv_80' and area_id = '1480' and year = 2015 and sex = 'T'"
    ).fetchall()
    ((value, fixed, own, base, dated),) = rows
    assert fixed == pytest.approx(value * base / own)
    assert fixed > value
    assert dated
    twins = {i.indicator_id for i in CATALOGUE.indicators if i.is_deflated}
    money = [
        i.indicator_id
        for i in CATALOGUE.indicators
        if i.price_basis and i.price_basis.kind == "current" and i.cost_concept != "nettokostnadsavvikelse"
    ]
    assert [m for m in money if f"{m}_fasta_priser" not in twins] == []


def test_all_fixed_prices_of_a_release_are_of_one_year_which_is_said_beside_each(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """Twins `…_fasta_priser` and the table fixed_price give the same for the same amount, and name the same year."""
    level = CATALOGUE.price_level
    of_one = con.execute("select distinct price_year, price_basis from fixed_price where index_id = 'kpif'").fetchall()
    assert of_one == [(level, f"fasta priser, {level} års prisnivå (KPIF)")]
    assert con.execute("select distinct year from price_index where is_price_level").fetchall() == [(level,)]
    told = con.execute(
        "select distinct price_basis, unit like ? from observation_wide where indicator_id like '%_fasta_priser'",
        [f"% i {level} års priser (KPIF)"],
    ).fetchall()
    assert told == [(of_one[0][1], True)]
    compared, differing = one(
        con,
        """
        select count(*), count(*) filter (where abs(f.fixed_value - o.value) > 1e-9 * abs(o.value) or o.value is null)
        from fixed_price as f
        join observation as o
            on o.indicator_id = f.indicator_id || '_fasta_priser'
            and (o.area_id, o.year, o.sex) = (f.area_id, f.year, f.sex)
        where f.index_id = 'kpif' and f.value is not null
        """,
    )
    assert compared > 50_000
    assert differing == 0
    own_year = one(
        con,
        "select count(*) filter (where f.fixed_value <> f.value) from fixed_price as f where year = price_year",
    )
    assert own_year == (0,)


def test_the_catalogue_is_what_the_frames_ask_for(con: duckdb.DuckDBPyConnection) -> None:
    assert len(CATALOGUE.indicators) >= 150
    assert len(COMPUTED) >= 30
    unfollowed = con.execute(
        "select frame_id || '.' || item_id from frame_item where indicators = 0 and gaps = 0"
    ).fetchall()
    assert unfollowed == [], "an item without an indicator is a registered gap"
    assert one(con, "select count(*), min(indicators) from success_factor")[0] == 6


def test_every_first_priority_series_of_the_list_is_an_indicator() -> None:
    listed = shared_file("data/kolada/kpi_catalogue.csv")
    with duckdb.connect() as con:
        rows = con.execute(f"select id from read_csv('{listed}') where priority = 1").fetchall()
    used = {i.series for i in CATALOGUE.indicators} | {
        m.series for i in CATALOGUE.indicators for m in map(CATALOGUE.measure_by_id.get, CATALOGUE.quotient(i).measures)
        if m is not None
    }  # fmt: skip
    assert len(rows) == 75
    summed = {"N01938": ("invanare_65", {"N01956", "N01957"})}  # the same persons, by two series that are embedded
    for indicator, terms in summed.values():
        measures = CATALOGUE.quotient(next(i for i in CATALOGUE.indicators if i.indicator_id == indicator)).measures
        assert {CATALOGUE.measure_by_id[m].series for m in measures} == terms
    assert [kpi for (kpi,) in rows if kpi not in used | set(summed)] == []


def test_inhabitants_aged_65_and_over_are_the_sum_of_both_bands(con: duckdb.DuckDBPyConnection) -> None:
    """Of every municipality, region and the nation, each year and sex; Göteborg 2022: 69 987 + 23 928 = 93 915."""
    found = one(
        con,
        """
        with bands as (
            select area_id, year, sex, sum(value) as both, count(value) as n from observation
            where indicator_id in ('invanare_65_79', 'invanare_80') group by all
        )
        select count(*), count(*) filter (where o.value <> b.both) from observation as o
            join bands as b using (area_id, year, sex)
        where o.indicator_id = 'invanare_65' and b.n = 2
        """,
    )
    assert found[0] > 26_000
    assert found[1] == 0
