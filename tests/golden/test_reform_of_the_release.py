"""The reform in a whole release: what the five documents say is found again, and studies can be redone with SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator

import duckdb
import numpy as np
import pytest

from indicators.load.catalogue import load_catalogue
from pipelines.settings import ROOT, Settings
from pipelines.storage import release_pointer
from pipelines.storage.release_pointer import DATABASE
from pipelines.warehouse.effect_studies import run_studies

pytestmark = pytest.mark.slow

READ = {
    "gr_vardens_medarbetare", "gr_god_och_nara_vard", "rvn_god_vard_med_ratt_stod", "rvm_nara_vard",
    "vgr_vardnara_service",
}  # fmt: skip
REGISTERS = ("reform_event", "funding", "intervention", "finding")


@pytest.fixture(scope="module")
def con(full_release: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = release_pointer.current_folder(full_release.releases_dir)
    with duckdb.connect(str(folder / DATABASE), read_only=True) as opened:
        yield opened


def rows(con: duckdb.DuckDBPyConnection, query: str) -> list[tuple[object, ...]]:
    return con.execute(query).fetchall()


def test_each_of_the_five_documents_is_found_again(con: duckdb.DuckDBPyConnection) -> None:
    assert {row[0] for row in rows(con, "select document_id from document where was_read")} == READ
    union = " union all ".join(f"select document_id from {name}" for name in REGISTERS)
    counts = dict(rows(con, f"select document_id, count(*) from ({union}) group by 1"))
    assert all(counts[document] >= 3 for document in READ), counts


@pytest.mark.parametrize(
    ("day", "precision", "part", "status"),
    [
        ("2019-06-18", "day", "handlingsplan", "decided"),
        ("2019-10-01", "month", "Vårdens medarbetare", "decided"),
        ("2019-10-03", "day", "nämnden", "proposed"),
        ("2019-10-16", "day", "regionstyrelsen", "proposed"),
        ("2019-11-01", "month", "närsjukvårdsorganisation", "proposed"),
        ("2020-04-01", "day", "SOU 2020:19", "proposed"),
        ("2020-09-01", "day", "Kickoff", "ended"),
        ("2021-03-01", "season", "vårdnära service", "started"),
        ("2022-09-20", "day", "vårdnära service", "decided"),
        ("2022-09-30", "day", "vårdnära service", "ended"),
        ("2022-10-01", "day", "Sjukhusen tar över", "decided"),
        ("2018-01-01", "day", "utskrivning", "started"),
        ("2020-03-11", "day", "Pandemin", "ended"),
    ],
)
def test_an_event_has_its_day_and_how_well_it_is_known(
    con: duckdb.DuckDBPyConnection, day: str, precision: str, part: str, status: str
) -> None:
    found = con.execute(
        "select count(*) from reform_event where earliest = ?::date and date_precision = ? and contains(title_sv, ?) "
        "and status = ?",
        [day, precision, part, status],
    ).fetchone()
    assert found == (1,)


def test_areas_of_the_reform_exist_and_have_their_members(con: duckdb.DuckDBPyConnection) -> None:
    unknown = "select area_id from reform_event_area where area_id not in (select area_id from area)"
    assert rows(con, unknown) == []
    counted = (
        "select group_id, count(*), count(valid_from) from area_membership where group_id in ('GR', 'VGR', '22', '19') "
    )
    assert rows(con, counted + "and valid_to is null group by 1 order by 1") == [
        ("19", 10, 10), ("22", 7, 7), ("GR", 13, 13), ("VGR", 49, 49)
    ]  # fmt: skip


def test_money_adds_up_or_says_that_it_does_not(con: duckdb.DuckDBPyConnection) -> None:
    found = dict(rows(con, "select funding_id, discrepancy_mnkr from funding where complete_by is not null"))
    assert found.pop("overenskommelse_2024") == pytest.approx(100)
    assert found == pytest.approx(
        {"overenskommelse_2021": 0, "overenskommelse_2021_kommuner": 0, "gr_2021": 0}, abs=1e-9
    )
    amounts = dict(rows(con, "select funding_id, amount_mnkr from funding"))
    assert amounts["overenskommelse_2021"] == 5725 + 1000 + 53
    derived = dict(rows(con, "select funding_id, amount_mnkr from funding where basis = 'derived' and year = 2021"))
    assert derived == {"gr_2021_kommunerna": 67.5, "gr_2021_gemensamt": 7.5}


def test_a_dose_is_there_only_where_the_receiver_is_known(con: duckdb.DuckDBPyConnection) -> None:
    doses = dict(
        rows(con, "select funding_id, sek_per_inhabitant_65 from funding where sek_per_inhabitant_65 is not null")
    )
    # Inhabitants of GR 2021: 135 285 of 65–79 years and 47 320 of 80 years and older.
    assert doses["gr_2021"] == pytest.approx(75_000_000 / (135_285 + 47_320))
    assert set(doses) == {"gr_2021", "gr_2021_kommunerna", "gr_2021_gemensamt", "overenskommelse_2021_kommuner"}


def test_ten_joint_activities_and_who_pays_for_the_service(con: duckdb.DuckDBPyConnection) -> None:
    ten = "select count(*) from intervention where parent_id = 'gr_gemensamma_2021' and status = 'proposed'"
    assert rows(con, ten) == [(10,)]
    shift = "select valid_to::varchar, valid_from::varchar from intervention_payer "
    assert sorted(rows(con, shift + "where intervention_id = 'vgr_vardnara_service'"), key=str) == [
        ("2022-09-30", None),
        (None, "2022-10-01"),
    ]


def test_every_study_says_something_and_every_gap_has_a_reason(con: duckdb.DuckDBPyConnection) -> None:
    declared = {study.study_id for study in load_catalogue().studies}
    assert len(declared) >= 13
    assert {row[0] for row in rows(con, "select study_id from study_conclusion")} == declared
    without = "select study_id from study_conclusion anti join effect_estimate using (study_id)"
    assert rows(con, without) == [("patienter_kommunal_hsl",)]
    either = "select count(*) from effect_estimate where (estimate is null) = (not_estimable_reason is null)"
    assert rows(con, either) == [(0,)]
    assert rows(con, "select count(*) from effect_estimate where verdict_sv is null") == [(0,)]
    assert rows(con, "select max(last_year) from effect_estimate") == [(2022,)]


@pytest.mark.parametrize(
    ("study", "analysis", "reason"),
    [
        ("anstallning_2021", "avbruten_serie_riket", "too_few_points_after"),
        ("anstallning_2021", "skillnad_riket", "all_treated_at_once"),
        ("eget_hem_dos", "dos_pengar", "dose_unknown"),
        ("kompetens_chefer_gr", "skillnad_gr", "no_values"),
        ("kompetens_chefer_gr", "narmaste_matt", "too_few_points_before"),
        ("kompetens_personal_gr", "utan_varden", "no_values"),
        ("personcentrering_gr", "planer_gr", "no_values"),
        ("teknik_2021", "spridning_gr", "too_few_points_before"),
        ("teknik_2021", "digital_kompetens_gr", "no_values"),
        ("utskrivning_2018", "avbruten_serie_riket", "break_in_window"),
        ("vgr_2022", "avbruten_serie_regionen", "too_few_points_after"),
        ("vgr_2022", "betalare_inom_regionen", "payer_unknown"),
    ],
)
def test_what_the_figures_cannot_carry_is_not_estimated(
    con: duckdb.DuckDBPyConnection, study: str, analysis: str, reason: str
) -> None:
    query = "select distinct not_estimable_reason from effect_estimate where study_id = ? and analysis_id = ?"
    assert con.execute(query, [study, analysis]).fetchall() == [(reason,)]


def test_a_cost_is_seen_from_the_municipalities_and_from_all_payers_side(con: duckdb.DuckDBPyConnection) -> None:
    """Both sides by SQL: what the municipalities paid (net), and the whole, whose change the payers' add up to."""
    change = """
        select avg(value) filter (year >= 2020) - avg(value) filter (year < 2020) from observation
        where indicator_id = ? and area_id = 'GR' and sex = 'T' and year between 2015 and 2022
    """
    net, whole = (
        con.execute(change, [f"{concept}_aldre_funktionsnedsattning_per_inv_fasta_priser"]).fetchall()[0][0]
        for concept in ("nettokostnad", "kostnad")
    )
    found = dict(
        rows(con, "select estimand || coalesce(nullif(contains(indicator_id, ' - ')::varchar, 'false'), ''), estimate "
             "from effect_estimate where study_id = 'kostnad_aldreomsorg_gr' and analysis_id = 'betalare'")
    )  # fmt: skip
    assert found == pytest.approx(
        {"change_of_payer": net, "change_of_payertrue": whole - net, "change_of_all_payerstrue": whole}
    )
    assert 0 < net < whole


def test_every_study_says_that_the_figures_end_in_2022(con: duckdb.DuckDBPyConnection) -> None:
    assert rows(con, "select study_id from study where not contains(caveats_sv, 'slutar 2022')") == []


def test_the_evaluation_of_the_service_is_told_outcome_by_outcome(con: duckdb.DuckDBPyConnection) -> None:
    query = "select finding_id, direction from finding where document_id = 'vgr_vardnara_service' order by 1"
    assert rows(con, query) == [
        ("vgr_arbetsmiljo", "up"), ("vgr_kompetensforsorjning", "unclear"), ("vgr_kvalitet", "up"),
        ("vgr_kvarvarande_potential", "unclear"), ("vgr_mindre_stress", "down"),
    ]  # fmt: skip


def test_documents_that_the_five_name_are_known_as_not_read(con: duckdb.DuckDBPyConnection) -> None:
    named = {
        "gr_rapport_omstallningen", "rvn_forutsattningar", "rvn_organisatoriska_alternativ", "sou_2020_19",
        "vgr_projektet_avlastning", "vgr_beslut_vardnara_service",
    }  # fmt: skip
    assert named <= {row[0] for row in rows(con, "select document_id from document where not was_read")}


def test_the_round_of_2021_that_was_not_held_is_a_missing_year(con: duckdb.DuckDBPyConnection) -> None:
    query = "select count(*) from effect_series where study_id = 'trygghet_pandemin' and year in (2020, 2021)"
    assert rows(con, query) == [(0,)]
    told = "select bool_and(contains(warnings_sv, 'Inte mätt: 2021')) from effect_estimate "
    assert rows(con, told + "where study_id = 'trygghet_pandemin'") == [(True,)]


def test_the_gap_of_the_first_study_is_redone_by_the_query_of_the_method(con: duckdb.DuckDBPyConnection) -> None:
    text = (ROOT / "docs" / "method.md").read_text(encoding="utf-8")
    (query,) = [block for block in re.findall(r"```sql\n(.*?)```", text, flags=re.DOTALL) if "by_hand" in block]
    found = con.execute(query).fetchall()
    assert len(found) == 20
    for _, gap, by_hand in found:
        assert by_hand == pytest.approx(gap, abs=1e-6)


def test_donors_are_no_neighbours_and_add_up_to_one(con: duckdb.DuckDBPyConnection) -> None:
    sums = (
        "select min(s), max(s) from (select sum(weight) as s from donor_weight group by study_id, analysis_id, area_id)"
    )
    assert rows(con, sums)[0] == pytest.approx((1, 1))
    inside = (
        "select count(*) from donor_weight as d join area_membership as m on d.donor_area_id = m.area_id "
        "where d.study_id = 'kostnad_aldreomsorg_gr' and m.group_id in ('GR', 'VGR')"
    )
    assert rows(con, inside) == [(0,)]


def test_ranks_and_p_values_are_those_of_the_placebos(con: duckdb.DuckDBPyConnection) -> None:
    query = """
        select e.area_id, e.placebo_rank, e.placebo_of_n, e.p_placebo,
            count(*) filter (where p.statistic >= t.statistic), count(*)
        from effect_estimate as e
        join placebo as t using (study_id, analysis_id, indicator_id, area_id)
        join placebo as p using (study_id, analysis_id, indicator_id, area_id)
        where e.method = 'synthetic_control' and e.estimate is not null
            and t.kind = 'true' and p.kind in ('true', 'space')
        group by all
    """
    found = rows(con, query)
    assert len(found) >= 10
    for area, rank, of_n, p_value, as_great, everyone in found:
        assert (rank, of_n) == (as_great, everyone), area
        assert p_value == pytest.approx(rank / of_n)  # type: ignore[operator]


def test_the_p_of_a_region_is_the_mean_of_its_shares_among_sets_and_among_counties(
    con: duckdb.DuckDBPyConnection,
) -> None:
    found = rows(
        con,
        """
        with of_kind as (
            select study_id, analysis_id, indicator_id, area_id, length(p.placebo_area_id) = 2 as is_county,
                (1 + count(*) filter (where abs(p.statistic) >= abs(t.statistic))) / (1 + count(*)) as share,
                count(*) as n
            from placebo as t join placebo as p using (study_id, analysis_id, indicator_id, area_id)
            where t.kind = 'true' and p.kind = 'space' group by all
        )
        select any_value(e.p_placebo), avg(k.share), any_value(e.placebo_of_n), 1 + sum(k.n), count(*)
        from effect_estimate as e join of_kind as k using (study_id, analysis_id, indicator_id, area_id)
        where e.method in ('synthetic_difference_in_differences', 'augmented_synthetic_control') group by analysis_id
    """,
    )
    assert len(found) == 2
    for p_value, by_hand, of_n, everyone, kinds in found:
        assert kinds == 2
        assert p_value == pytest.approx(by_hand)
        assert of_n == everyone


def test_a_synthetic_difference_is_made_again_from_what_is_published(con: duckdb.DuckDBPyConnection) -> None:
    """Observed less donors, less the same in the weighted years before; its mean after is the estimate."""
    found = rows(
        con,
        """
        with apart as (
            select s.year, s.gap, s.year_weight, s.is_after, any_value(o.value) - sum(w.weight * d.value) as apart
            from effect_series as s
            join observation as o using (indicator_id, area_id, year)
            join donor_weight as w using (study_id, analysis_id, indicator_id, area_id)
            join observation as d
                on d.indicator_id = s.indicator_id and d.area_id = w.donor_area_id and d.year = s.year and d.sex = 'T'
            where s.analysis_id = 'syntetisk_skillnad_gr' and o.sex = 'T' group by all
        )
        select year, gap, apart - (select sum(year_weight * apart) from apart), is_after from apart order by year
    """,
    )
    assert len(found) == 20
    for _, gap, by_hand, _ in found:
        assert gap == pytest.approx(by_hand, rel=1e-6)
    mean = np.mean([gap for _, gap, _, is_after in found if is_after])
    assert rows(con, "select estimate from effect_estimate where analysis_id = 'syntetisk_skillnad_gr'") == [
        (pytest.approx(mean),)
    ]


def test_unequal_trends_only_widen_what_an_event_study_says(con: duckdb.DuckDBPyConnection) -> None:
    """One row for each magnitude of each estimate of an event study, each inside the next."""
    estimated = """
        select count(*), count(breakdown) from effect_estimate
        where estimate is not null and method in ('difference_in_differences', 'staggered_event_study')
    """
    ((of_event_studies, told),) = rows(con, estimated)
    assert of_event_studies == told
    assert rows(con, "select count(*) from effect_sensitivity") == [(5 * told,)]  # type: ignore[operator]
    narrower = """
        select count(*) from effect_sensitivity as one join effect_sensitivity as other
        using (study_id, analysis_id, indicator_id, area_id)
        where one.magnitude < other.magnitude and (one.lower_95 < other.lower_95 or one.upper_95 > other.upper_95)
    """
    assert rows(con, narrower) == [(0,)]


def test_what_several_municipalities_give_together_says_how_they_are_counted(con: duckdb.DuckDBPyConnection) -> None:
    """Göteborgsregionen is the weighted whole to a synthetic control and a plain mean to the others, told as such."""
    told = """
        select method, bool_and(contains(coalesce(warnings_sv, ''), 'ovägt medel')) from effect_estimate
        where estimate is not null and area_id in ('GR', '0000', '22, 19') and estimand <> 'effect_per_dose'
            and analysis_id <> 'skillnad_gr_vagd'
        group by 1 order by 1
    """
    weighted = "select warnings_sv from effect_estimate where analysis_id = 'skillnad_gr_vagd'"
    assert all("området som helhet, av 13 kommuner" in str(told) for (told,) in rows(con, weighted))
    assert rows(con, told) == [
        ("augmented_synthetic_control", False), ("before_after", True), ("difference_in_differences", True),
        ("interrupted_time_series", False), ("payer_view", False), ("staggered_event_study", True),
        ("synthetic_control", False), ("synthetic_difference_in_differences", False),
    ]  # fmt: skip


def test_what_can_be_concluded_of_the_first_study_is_what_its_estimates_say(con: duckdb.DuckDBPyConnection) -> None:
    """None of its designs finds anything, and what the most sensitive could have found stands in the sentence."""
    judged = "from effect_estimate where study_id = 'kostnad_aldreomsorg_gr' and area_id = 'GR' and is_significant is "
    assert rows(con, f"select count(*) {judged} true") == [(0,)]
    least = rows(con, f"select min(minimal_effect) {judged} not null")[0][0]
    ((told, designs, found),) = rows(
        con, "select conclusion_sv, designs, designs_significant from study_conclusion "
        "where study_id = 'kostnad_aldreomsorg_gr'"
    )  # fmt: skip
    assert (designs, found) == (7, 0)
    assert str(told).startswith("Ingen av studiens sju metoder visar en skillnad som går att skilja från slumpen;")
    (shown,) = re.findall(r"minst ([\d\xa0]+) kr", str(told))
    assert 0 <= int(shown.replace("\xa0", "")) - least < 1000  # type: ignore[operator]
    assert rows(con, "select count(*) from study_conclusion") == rows(con, "select count(*) from study")


def test_running_a_study_again_gives_the_same_numbers(con: duckdb.DuckDBPyConnection) -> None:
    catalogue = load_catalogue()
    study = next(s for s in catalogue.studies if s.study_id == "regioner_2019")
    for name, frame in run_studies(con, [study], catalogue.neighbours).items():
        keys = ", ".join(frame.columns[:4])
        held = con.execute(f"select * from {name} where study_id = 'regioner_2019'").pl()
        order = [c for c in frame.columns if frame.schema[c].is_(frame.schema["study_id"])]
        assert frame.height == held.height, keys
        assert frame.sort(order).equals(held.select(frame.columns).cast(frame.schema).sort(order))  # type: ignore[arg-type]
