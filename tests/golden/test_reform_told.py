"""What a reader is told of the reform in a whole release: timelines and studies as they are laid out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from indicators.model.words import CAUTIONS
from pipelines.commands import terminal
from pipelines.commands.study_output import study_in_release, tell_study, tell_timeline, timeline
from pipelines.reading.reader import query
from pipelines.settings import Settings
from pipelines.storage import release_pointer

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("area", "event"),
    [
        ("0019", "rvm_moten_2020"), ("1980", "rvm_moten_2020"), ("0022", "rvn_narsjukvard_forslag"),
        ("2281", "rvn_handlingsplan_namnd"), ("1384", "gr_beslut_medel_2021"),
        ("0014", "vgr_vardnara_service_betalare"),
    ],
)  # fmt: skip
def test_an_area_sees_the_events_of_its_county_region_and_group(full_release: Settings, area: str, event: str) -> None:
    told = timeline(release_pointer.current_folder(full_release.releases_dir), area, [], 2015)
    assert event in told["events"]["event_id"].to_list()


def test_a_study_is_shown_with_its_years_in_order_and_decimals_of_each_indicator(full_release: Settings) -> None:
    folder = release_pointer.current_folder(full_release.releases_dir)
    told = study_in_release(folder, "regioner_2019")
    for _, series in told["effect_series"].group_by(["analysis_id", "indicator_id", "area_id"]):
        assert series["years_since"].is_sorted()
    with terminal.out.capture() as captured:
        tell_study(told)
    text = captured.get()
    assert [year for year in re.findall(r"(?m)^ +(\d{4})\*? ", text) if len(year) == 4] == [
        str(year) for year in range(2015, 2023)
    ]
    assert "+0,07" in text  # days, beside an estimate in thousands of kronor


def told_of(folder: Path, area: str, indicators: list[str], since: int) -> str:
    with terminal.out.capture() as captured:
        tell_timeline(timeline(folder, area, indicators, since))
    return captured.get()


def test_a_year_with_a_caution_stands_in_the_timeline_with_it(full_release: Settings) -> None:
    folder = release_pointer.current_folder(full_release.releases_dir)
    doubted = query(
        folder,
        "select distinct on (indicator_id) indicator_id, title_sv, area_id, year, caution, value from observation "
        "join indicator using (indicator_id) where sex = 'T' and caution is not null "
        "order by indicator_id, value is null, hash(area_id, year)",
    ).to_dicts()
    assert len(doubted) > 10
    for row in doubted:
        text = told_of(folder, row["area_id"], [row["indicator_id"]], row["year"])
        (line,) = (part for part in re.split(r"\n  ! ", text)[1:] if re.search(rf"\b{row['year']}\b.*: ", part))
        assert line.startswith(row["title_sv"])
        assert CAUTIONS[row["caution"]] in line
        assert ("varning" in line) == (row["value"] is not None)
    assert re.search(r"(?m)^ 2007 .* 0 ! *$", told_of(folder, "1761", ["kostnad_aldreomsorg_per_inv_80"], 2005))


def test_a_timeline_of_an_indicator_without_values_says_its_title_and_what_it_waits_for(full_release: Settings) -> None:
    folder = release_pointer.current_folder(full_release.releases_dir)
    empty = query(folder, "from indicator where last_year is null order by hash(indicator_id) limit 5").to_dicts()
    for row in empty:
        text = told_of(folder, "0980", [row["indicator_id"]], 2015)
        assert text.startswith(f"{row['title_sv']}: {row['no_values_sv']}.")
        assert row["indicator_id"] not in text


def test_what_is_told_year_by_year_is_named_and_no_chance_is_nothing(full_release: Settings) -> None:
    folder = release_pointer.current_folder(full_release.releases_dir)
    titles = query(folder, "select title_sv from indicator")["title_sv"]
    areas = query(folder, "select distinct name from area join effect_series using (area_id)")["name"]
    named = tuple(f"{title} {area}" for title in titles for area in areas)
    tables = 0
    for study in query(folder, "select study_id from study")["study_id"]:
        with terminal.out.capture() as captured:
            tell_study(study_in_release(folder, study))
        text = " ".join(captured.get().split())
        assert not re.search(r" 0,000 ", text), study
        for before in text.split(", år för år")[:-1]:
            tables += 1
            assert before.endswith(named), before[-200:]
    assert tables > 2
