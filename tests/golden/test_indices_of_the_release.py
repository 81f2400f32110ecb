"""What the indices of a whole release can bear, and what its surveys leave open; by hand from the observations."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import polars as pl
import pytest
from statsmodels.stats.proportion import proportion_confint

from indicators.load.catalogue import load_catalogue
from pipelines.settings import Settings
from pipelines.storage import release_pointer
from pipelines.storage.release_pointer import DATABASE

pytestmark = pytest.mark.slow

RECIPES = {recipe.composite_id: recipe for recipe in load_catalogue().composites}


@pytest.fixture(scope="module")
def con(full_release: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = release_pointer.current_folder(full_release.releases_dir)
    with duckdb.connect(str(folder / DATABASE), read_only=True) as opened:
        yield opened


def test_every_index_value_has_its_uncertainty_and_every_year_its_verdict(con: duckdb.DuckDBPyConnection) -> None:
    assert con.execute(
        """
        select count(*), count(u.value), count(r.reason_sv), count(*) filter (abs(c.value - u.value) > 1e-5)
        from composite as c left join composite_uncertainty as u using (composite_id, area_id, year)
        left join composite_reliability as r using (composite_id, year) where c.value is not null
        having count(*) = count(u.value) and count(*) = count(r.reason_sv)
        """
    ).fetchall() == [(*con.execute("select count(value), count(value), count(value) from composite").fetchall()[0], 0)]
    assert con.execute("select count(*) from composite_uncertainty where weights_lower_95 > weights_upper_95").fetchall(
    ) == [(0,)]  # fmt: skip


def test_no_index_is_ranked_that_cannot_bear_it(con: duckdb.DuckDBPyConnection) -> None:
    """The declared rule, anew from the published numbers; where it fails there is a reason and no rank of any kind."""
    years = con.execute("select * from composite_reliability").pl().to_dicts()
    for year in years:
        rule = RECIPES[year["composite_id"]].ranking
        bears = (
            year["alpha"] is not None
            and year["alpha"] >= rule.least_alpha
            and year["median_places"] <= rule.most_places * year["of_n"]
            and year["sampling_known"] >= rule.least_known
        )
        assert year["is_ranked"] == bears, year
        assert bears or year["reason_sv"].startswith("Ingen rangordning: ")
    assert 0 < sum(year["is_ranked"] for year in years) < len(years) / 4
    assert con.execute(
        """
        select count(*) filter (not r.is_ranked and coalesce(u.rank_from_highest, rank_lower_95, rank_upper_95, u.of_n)
                is not null),
            count(*) filter (r.is_ranked <> (u.not_ranked_reason_sv is null)),
            count(*) filter (r.is_ranked and (rank_lower_95 < 1 or rank_lower_95 > rank_upper_95
                or rank_upper_95 > u.of_n))
        from composite_uncertainty as u join composite_reliability as r using (composite_id, year)
        """
    ).fetchall() == [(0, 0, 0)]


@pytest.mark.parametrize("composite_id", sorted(RECIPES))
def test_alpha_and_item_rest_of_2022_are_found_again_by_hand(con: duckdb.DuckDBPyConnection, composite_id: str) -> None:
    parts = con.execute(
        "select area_id, indicator_id, weight * turn * used_z as part from composite_input join composite as c "
        "using (composite_id, area_id, year) where composite_id = ? and year = 2022 and c.value is not null",
        [composite_id],
    ).pl()
    wide = parts.pivot(on="indicator_id", index="area_id", values="part").drop_nulls().drop("area_id")
    items = wide.to_numpy()
    k = items.shape[1]
    alpha = k / (k - 1) * (1 - items.var(axis=0, ddof=1).sum() / items.sum(axis=1).var(ddof=1))
    told = con.execute(
        "select alpha, n from composite_reliability where composite_id = ? and year = 2022", [composite_id]
    ).fetchall()
    assert told == [(pytest.approx(alpha, abs=1e-6), len(items))]
    found = dict(
        con.execute(
            "select indicator_id, item_rest from composite_part where composite_id = ? and year = 2022", [composite_id]
        ).fetchall()
    )
    by_hand = {
        name: float(np.corrcoef(items[:, i], np.delete(items, i, 1).sum(axis=1))[0, 1])
        for i, name in enumerate(wide.columns)
    }
    assert found == {name: pytest.approx(r, abs=1e-6) for name, r in by_hand.items()}


def test_each_share_of_answers_has_its_response_rate_beside_it(con: duckdb.DuckDBPyConnection) -> None:
    """Every share with an interval of the user survey; limits by statsmodels, possible shares by hand."""
    rows = con.execute("select * from survey_response").pl()
    with_interval = con.execute(
        "select count(*) from observation as o join area as a using (area_id) where sex = 'T' and lower_95 is not null "
        "and a.area_type in ('municipality', 'nation') and exists "
        "(select 1 from survey_response as s where s.indicator_id = o.indicator_id)"
    ).fetchall()
    assert with_interval == [(rows.height,)]
    rate = rows["response_rate"] / 100
    worth = rows["answers"] * (rows["answers"] / rate - 1) / (rows["answers"] / rate - rows["answers"])
    low, high = proportion_confint((rows["value"] / 100 * worth).to_numpy(), worth.to_numpy(), method="wilson")
    assert rows["asked_lower_95"].to_numpy() == pytest.approx(100 * np.maximum(low, 0), abs=1e-6)
    assert rows["asked_upper_95"].to_numpy() == pytest.approx(100 * np.minimum(high, 1), abs=1e-6)
    assert (rows["asked_upper_95"] - rows["asked_lower_95"] < rows["upper_95"] - rows["lower_95"]).all()
    assert ((rows["least_possible"] - rate * rows["value"]).abs() < 1e-6).all()
    assert ((rows["most_possible"] - rows["least_possible"] - 100 * (1 - rate)).abs() < 1e-6).all()
    kungsbacka = rows.filter(
        (pl.col("indicator_id") == "trygghet_hemtjanst") & (pl.col("area_id") == "1384") & (pl.col("year") == 2022)
    )
    assert kungsbacka.select("answers", "response_rate", "asked").rows() == [(566, 58.0, 976)]
