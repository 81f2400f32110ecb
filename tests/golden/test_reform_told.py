"""What a reader is told of the reform in a whole release: timelines and studies as they are laid out."""

from __future__ import annotations

import re

import pytest

from pipelines import show
from pipelines.release import pointer
from pipelines.settings import Settings
from pipelines.studies import study_in_release, tell_study, timeline

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
    told = timeline(pointer.current_folder(full_release.releases_dir), area, [], 2015)
    assert event in told["events"]["event_id"].to_list()


def test_a_study_is_shown_with_its_years_in_order_and_decimals_of_each_indicator(full_release: Settings) -> None:
    folder = pointer.current_folder(full_release.releases_dir)
    told = study_in_release(folder, "regioner_2019")
    for _, series in told["effect_series"].group_by(["analysis_id", "indicator_id", "area_id"]):
        assert series["years_since"].is_sorted()
    with show.out.capture() as captured:
        tell_study(told)
    text = captured.get()
    assert [year for year in re.findall(r"(?m)^ +(\d{4})\*? ", text) if len(year) == 4] == [
        str(year) for year in range(2015, 2023)
    ]
    assert "+0,07" in text  # days, beside an estimate in thousands of kronor
