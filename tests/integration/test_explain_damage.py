"""`nyckeltal explain` where archived bytes are damaged, gone or give another value: that is said, and no success."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines.errors import ExitCode
from tests.support.another_release import publish_another
from tests.support.command import Place, Preloaded
from tests.support.explained import INDEX, SAFETY, SHARE, explain, measures, observed
from tests.support.served import ServedApi
from tests.support.small_snapshot import GOTEBORG


def flip_a_bit(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(bytes(body))


def test_a_damaged_archived_file_is_named_and_is_no_success(run_cli: Preloaded, place: Place) -> None:
    _, told = explain(run_cli, place, SAFETY, GOTEBORG, "2022")
    (file,) = told["files"]
    path = place.data_dir / file["path"]
    flip_a_bit(path)

    for more in ([], ["--recompute"]):
        done, told = explain(run_cli, place, SAFETY, GOTEBORG, "2022", *more)
        assert done.code == ExitCode.DAMAGED
        assert "the archived bytes are not what was given" in done.text
        assert file["sha256"] in done.text
        assert told["files"][0]["hash_stands"] is False
        assert told["faults"]
        assert (told["files"][0]["state"], told["files"][0]["bytes"]) == ("altered", path.stat().st_size)
    done = run_cli("explain", SAFETY, GOTEBORG, "2022", "--data-dir", place.data_dir)
    assert "KONTROLLSUMMAN STÄMMER INTE" in done.text


@pytest.mark.parametrize("indicator", [SAFETY, INDEX])
@pytest.mark.parametrize("is_there", [True, False])
def test_what_cannot_be_read_anew_is_said_to_be_that_and_nothing_else(
    run_cli: Preloaded, place: Place, indicator: str, is_there: bool
) -> None:
    _, told = explain(run_cli, place, indicator, GOTEBORG, "2022")
    (file,) = told["files"]
    path = place.data_dir / file["path"]
    if is_there:
        flip_a_bit(path)
    else:
        path.unlink()

    done, told = explain(run_cli, place, indicator, GOTEBORG, "2022", "--recompute")
    assert done.code == ExitCode.DAMAGED
    assert told["arithmetic"] == {"numbers_from": "archived_bytes", "value": None, "holds": None}
    (fault,) = told["faults"]
    assert fault["what"] == "the archived bytes are not what was given"
    for each in told["files"]:
        assert each["state"] == ("altered" if is_there else "missing")
        assert (each["bytes"] is None) is not is_there
    assert [each["sha256"] for each in told["files"]] == [file["sha256"]]
    if indicator == SAFETY:
        assert measures(told["made_of"])["U21505"]["reason"] == "unreadable"
    else:
        assert told["made_of"]["inputs_unreadable"] == told["made_of"]["inputs_without_value"] != []
    text = run_cli("explain", indicator, GOTEBORG, "2022", "--recompute", "--data-dir", place.data_dir).text
    assert "Talen kunde inte läsas på nytt" in text
    assert "källan har inget värde" not in text
    assert "ett annat än det publicerade" not in text


def test_a_missing_archived_file_is_told_to_be_missing(run_cli: Preloaded, place: Place) -> None:
    _, told = explain(run_cli, place, SAFETY, GOTEBORG, "2022")
    (place.data_dir / told["files"][0]["path"]).unlink()
    done, told = explain(run_cli, place, SAFETY, GOTEBORG, "2022")
    assert (done.code, told["files"][0]["state"], told["files"][0]["hash_stands"]) == (5, "missing", False)
    text = run_cli("explain", SAFETY, GOTEBORG, "2022", "--data-dir", place.data_dir).text
    assert "(SHA-256): FILEN SAKNAS I ARKIVET" in text
    assert "KONTROLLSUMMAN STÄMMER INTE" not in text


def test_a_group_whose_list_of_members_is_gone_is_not_said_to_be_computed_anew(
    run_cli: Preloaded, place: Place
) -> None:
    _, told = explain(run_cli, place, SAFETY, "GR", "2022")
    (members,) = (file for file in told["files"] if file["dataset"] == "kolada.municipality_groups")
    asked = ("explain", SAFETY, "GR", "2022", "--recompute", "--data-dir", place.data_dir)
    assert "Vilka som är medlemmar är inte räknat på nytt" in run_cli(*asked).text
    (place.data_dir / members["path"]).unlink()
    done, told = explain(run_cli, place, SAFETY, "GR", "2022", "--recompute")
    assert (done.code, told["arithmetic"]["holds"]) == (ExitCode.DAMAGED, None)
    assert "Talen kunde inte läsas på nytt" in run_cli(*asked).text


def test_without_an_archive_a_published_value_is_its_series_and_a_weight_is_a_weight(
    run_cli: Preloaded, place: Place
) -> None:
    shutil.rmtree(place.data_dir / "archive")
    _, told = explain(run_cli, place, SAFETY, GOTEBORG, "2022")
    series = told["made_of"]["series"]
    assert (series["dataset"], series["series"]) == ("kolada.values", "U21505")
    assert series["value"] == told["published"]["value"]
    assert [(m["measure_id"], m["is_weight"]) for m in told["made_of"]["measures"]] == [("svarande_hemtjanst", True)]
    text = run_cli("explain", SAFETY, GOTEBORG, "2022", "--data-dir", place.data_dir).text
    assert "← kolada.values U21505 = " in text
    assert "← vikt, för värden av grupper: svarande_hemtjanst = " in text
    text = run_cli("explain", SAFETY, "GR", "2022", "--data-dir", place.data_dir).text
    assert "summan av värde × vikt / summan av vikterna, vikt svarande_hemtjanst" in text
    assert "← medlemmarnas värden i kolada.values U21505 (" in text
    _, told = explain(run_cli, place, INDEX, GOTEBORG, "2022")
    assert all(each["status"] and each["known_from"] for each in told["made_of"]["inputs"])


def test_a_published_value_that_the_archived_bytes_do_not_give_is_no_success(run_cli: Preloaded, place: Place) -> None:
    cell = f"indicator_id = '{SHARE}' and area_id = '{GOTEBORG}' and year = 2022 and sex = 'T'"
    publish_another(place, lambda con: con.execute(f"update observation set value = value * (1 + 1e-8) where {cell}"))
    for more in ([], ["--recompute"]):
        done, told = explain(run_cli, place, SHARE, GOTEBORG, "2022", *more)
        assert done.code == ExitCode.DAMAGED
        assert told["arithmetic"]["holds"] is False
        assert "the published value is not what the arithmetic gives" in done.text
        assert f"{told['published']['value']!r}, as published" in done.text


def test_without_an_archive_the_release_tells_what_it_holds_and_what_is_needed(
    run_cli: Preloaded, place: Place
) -> None:
    shutil.rmtree(place.data_dir / "archive")
    done, told = explain(run_cli, place, SHARE, GOTEBORG, "2022")
    assert done.code == ExitCode.WRONG_USE
    assert "provenance to the byte needs the archive and the vintages" in done.text
    assert told["has_archive"] is False
    assert told["published"]["value"] == observed(place, SHARE, GOTEBORG, 2022)
    assert [m["series"] for m in told["made_of"]["measures"]] == ["N20048", "N01957", "N20001", "N01951"]
    assert told["made_of"]["source_file"]["url"].startswith("https://")
    text = run_cli("explain", SHARE, GOTEBORG, "2022", "--data-dir", place.data_dir).text
    assert "(SHA-256, inte prövad)" in text
    with ServedApi(place.settings.releases_dir, provenance=place.settings) as api:
        assert api.get(f"/api/v1/explain/{SHARE}/{GOTEBORG}/2022").status_code == 404
