"""What each study of a whole release concludes, and what it would need, held against its figures by other means."""

from __future__ import annotations

import math
from collections.abc import Iterator

import duckdb
import pytest

from indicators.load.catalogue import load_catalogue
from indicators.statistics.effect_words import difference_unit
from pipelines.settings import Settings
from pipelines.storage import release_pointer
from pipelines.storage.release_pointer import DATABASE

pytestmark = pytest.mark.slow
STUDIES = pytest.mark.parametrize("study", [s.study_id for s in load_catalogue().studies])
NOTHING = "skillnad som går att skilja från slumpen"


@pytest.fixture(scope="module")
def con(full_release: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = release_pointer.current_folder(full_release.releases_dir)
    with duckdb.connect(str(folder / DATABASE), read_only=True) as opened:
        yield opened


def sentence(con: duckdb.DuckDBPyConnection, study: str) -> tuple[str, str]:
    ((status, told),) = con.execute(
        "select status, conclusion_sv from study_conclusion where study_id = ?", [study]
    ).fetchall()
    return status, told


@STUDIES
def test_a_study_s_sentence_follows_from_its_estimates(con: duckdb.DuckDBPyConnection, study: str) -> None:
    """Of a group's own estimates: nothing found, found by chance alone, or no number at all, by SQL and by hand."""
    status, told = sentence(con, study)
    assert told.endswith(".")
    assert "  " not in told
    assert ".." not in told
    of_the_whole = (
        "from effect_estimate where study_id = ? "
        "and (not regexp_matches(area_id, '^[0-9]{4}$') or starts_with(area_id, '00'))"
    )
    judged = con.execute(
        f"select is_significant, coalesce(p_placebo, p_value) {of_the_whole} and is_significant is not null", [study]
    ).fetchall()
    numbers = con.execute("select count(estimate) from effect_estimate where study_id = ?", [study]).fetchall()[0][0]
    assert status == ("estimated" if judged else "described" if numbers else "not_estimable")
    assert told.startswith("Frågan kan inte besvaras") == (status == "not_estimable")
    assert told.startswith("Studien beskriver") == (status == "described")
    found = [significant for significant, _ in judged if significant]
    assert (NOTHING in told) == (bool(judged) and not found)
    if found:
        # Benjamini and Hochberg by hand: some k-th least p at most k/m of 5 per cent.
        chances = sorted(p for _, p in judged)
        left = any(p <= 0.05 * (k + 1) / len(chances) for k, p in enumerate(chances))
        assert "slumpen ensam" not in told or not left
        assert not told.startswith("Utfallet") or left


@STUDIES
def test_measures_without_values_are_counted_in_the_sentence(con: duckdb.DuckDBPyConnection, study: str) -> None:
    status, told = sentence(con, study)
    ((empty,),) = con.execute(
        "select count(*) from (select indicator_id from effect_estimate where study_id = ? group by 1 "
        "having count(estimate) = 0 and count(*) filter (where not_estimable_reason = 'no_values') > 0)",
        [study],
    ).fetchall()
    assert ("av studiens mått saknar värden" in told) == (status == "estimated" and empty > 0)


def test_what_a_study_needs_is_declared_and_says_who_could_give_it(con: duckdb.DuckDBPyConnection) -> None:
    declared = {(s.study_id, need.need_id) for s in load_catalogue().studies for need in s.needed}
    assert set(con.execute("select study_id, need_id from study_need").fetchall()) == declared
    unknown = (
        "select gap from (select unnest(string_split(data_gaps, ', ')) as gap from study_need) "
        "where gap not in (select gap_id from data_gap)"
    )
    assert con.execute(unknown).fetchall() == []
    # Every study without a number says what it would take, and every need could be judged from a figure.
    without = "select study_id from study_conclusion where status = 'not_estimable' and study_id not in "
    assert con.execute(without + "(select study_id from study_need)").fetchall() == []
    assert con.execute("select need_id from study_need where minimal_effect is null").fetchall() == []


def test_a_need_s_numbers_agree_with_one_another_and_with_its_words(con: duckdb.DuckDBPyConnection) -> None:
    needs = con.execute(
        "select need_id, effect, measurements, measurements_needed, minimal_effect, municipalities_needed, spread, "
        "needed_sv, collectable from study_need"
    ).fetchall()
    assert len(needs) >= 10
    for need, effect, k, enough, least, municipalities, spread, told, collectable in needs:
        assert (enough is not None and enough <= k) == (least <= effect), need
        # The normal approximation of the sample size, which the t-test's exceeds by a few at most.
        normal = 2 * math.ceil(2 * ((1.959964 + 0.841621) * spread / effect) ** 2)
        assert normal <= municipalities <= normal + 6, need
        assert f" {municipalities} kommuner" in told, need
        assert told.startswith("Talen kan inte fås i efterhand") == (collectable == "never"), need


def test_the_spread_of_a_proxy_is_redone_by_sql(con: duckdb.DuckDBPyConnection) -> None:
    """Trygghet in home help 2013–2019: the change of two years from the two before, in three stretches."""
    by_hand = """
        with whole as (
            select area_id, list(value order by year) as v
            from observation join area using (area_id)
            where indicator_id = 'trygghet_hemtjanst' and sex = 'T' and area_type = 'municipality'
                and value is not null and caution is null and year between 2013 and 2019
            group by area_id having count(*) = 7
        ),
        changed as (
            select s, (v[s + 3] + v[s + 4]) / 2 - (v[s + 1] + v[s + 2]) / 2 as change
            from whole cross join (select unnest([0, 1, 3]) as s)
        )
        select avg(d) from (select s, stddev_samp(change) as d from changed group by s)
    """
    told = "select spread, unit from study_need where need_id = 'patientenkat_kommunal_hsl'"
    ((spread, unit),) = con.execute(told).fetchall()
    assert con.execute(by_hand).fetchall()[0][0] == pytest.approx(spread)
    assert unit == difference_unit("%")


def test_the_answer_of_a_seed_s_question_is_a_study_with_a_sentence(con: duckdb.DuckDBPyConnection) -> None:
    """What delprojekt 3 asks, each question by its study."""
    asked = {
        "kostnad_aldreomsorg_gr", "personcentrering_gr", "kompetens_personal_gr", "kompetens_chefer_gr",
        "patienter_pandemin", "patienter_kommunal_hsl", "teknik_2021",
    }  # fmt: skip
    answered = con.execute("select study_id from study_conclusion where length(conclusion_sv) > 40").fetchall()
    assert asked <= {study for (study,) in answered}
    managers = "select distinct not_estimable_reason from effect_estimate where study_id = 'kompetens_chefer_gr'"
    assert {reason for (reason,) in con.execute(managers).fetchall()} == {"no_values", "too_few_points_before"}
