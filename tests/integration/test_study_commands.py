"""`nyckeltal study` and `nyckeltal timeline`, on a release of the small snapshot: few years, so much is refused."""

from __future__ import annotations

import json

from indicators.load.catalogue import load_catalogue
from tests.support.command import Place, Preloaded

STUDIES = {study.study_id for study in load_catalogue().studies}


def test_studies_are_listed_with_what_could_not_be_estimated(run_cli: Preloaded, base: Place) -> None:
    done = run_cli("study", "list", "--json", "--data-dir", base.data_dir)
    assert done.code == 0, done.text
    listed = {row["study_id"]: row for row in json.loads(done.out)}
    assert set(listed) == STUDIES
    assert "no_values" in listed["vgr_2022"]["reasons"]


def test_a_study_is_told_with_question_design_result_and_caveats(run_cli: Preloaded, base: Place) -> None:
    done = run_cli("study", "show", "vgr_2022", "--data-dir", base.data_dir)
    assert done.code == 0, done.text
    for part in (
        "Fråga Syns det i regionens kostnad", "Upplägg Regionens egen serie", "Undantag", "Händelser",
        "2022-10-01 Sjukhusen tar över kostnaden för vårdnära service (beslutat)", "Avbruten tidsserie",
        "Går inte att skatta", "Att hålla i minnet", "Andra har funnit Vårdnära service minskade stressen",
    ):  # fmt: skip
        assert part in done.text, part


def test_a_study_that_cannot_be_made_says_so_and_what_it_would_take(run_cli: Preloaded, base: Place) -> None:
    listed = json.loads(run_cli("study", "list", "--json", "--data-dir", base.data_dir).out)
    assert {row["study_id"]: row["status"] for row in listed}["patienter_kommunal_hsl"] == "not_estimable"
    done = run_cli("study", "show", "kompetens_chefer_gr", "--data-dir", base.data_dir)
    assert done.code == 0, done.text
    for part in (
        "Slutsats Frågan kan inte besvaras med de tal som finns", "Vad som skulle behövas", "(Kan samlas in från nu.)",
        "Räknat på: Omsorgspersonal med adekvat utbildning", "Kan ge dem: Kommunerna, med mallen kompetens",
    ):  # fmt: skip
        assert part in done.text, part
    without = run_cli("study", "show", "patienter_kommunal_hsl", "--data-dir", base.data_dir)
    assert "inget mått gäller den" in without.text
    assert "skattning" not in without.text.split("Vad som skulle behövas")[0]


def test_a_study_run_again_says_what_the_release_says(run_cli: Preloaded, base: Place) -> None:
    shown = run_cli("study", "show", "trygghet_pandemin", "--json", "--data-dir", base.data_dir)
    again = run_cli("study", "run", "trygghet_pandemin", "--json", "--data-dir", base.data_dir)
    assert shown.code == again.code == 0, shown.text + again.text
    key = ("analysis_id", "indicator_id", "area_id", "estimand")
    held, made = (
        sorted(json.loads(done.out)["effect_estimate"], key=lambda row: [row[k] for k in key])
        for done in (shown, again)
    )
    assert held == made


def test_an_unknown_study_is_answered_with_the_known_ones(run_cli: Preloaded, base: Place) -> None:
    for command in ("show", "run"):
        done = run_cli("study", command, "borta", "--data-dir", base.data_dir)
        assert done.code == 2
        assert "vgr_2022" in done.text


def test_a_timeline_puts_events_of_groups_region_and_nation_beside_values(run_cli: Preloaded, base: Place) -> None:
    done = run_cli("timeline", "Göteborg", "--json", "--data-dir", base.data_dir)
    assert done.code == 0, done.text
    told = json.loads(done.out)
    events = {event["event_id"] for event in told["events"]}
    assert {"gr_kickoff_vardens_medarbetare", "overenskommelse_2021", "vgr_vardnara_service_slut", "pandemin"} <= events
    assert not {event for event in events if event.startswith(("rvn", "rvm"))}
    assert told["indicators"]
    assert {value["indicator_id"] for value in told["values"]} <= set(told["indicators"])


def test_a_timeline_of_chosen_indicators(run_cli: Preloaded, base: Place) -> None:
    chosen = "kostnad_aldreomsorg_per_inv_80"
    done = run_cli("timeline", "1480", "--indicator", chosen, "--since", "2020", "--data-dir", base.data_dir)
    assert done.code == 0, done.text
    assert "2020-09-01 Kickoff för Vårdens medarbetare" in done.text
    assert "2019" not in done.out.split("händelser")[1].split("\n")[2]
    for wrong in (("timeline", "Atlantis"), ("timeline", "1480", "--indicator", "okant")):
        failed = run_cli(*wrong, "--data-dir", base.data_dir)
        assert failed.code == 2
        assert "there is no such" in failed.text
