"""`nyckeltal submit` as a municipality uses it: the template, the refusals, the copy with its faults, what is kept."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from pipelines.settings import ROOT, Settings
from pipelines.storage.lock import exclusive
from pipelines.storage.sealing import write_sealed
from pipelines.storage.vintages import Vintages
from tests.support.command import Place, Preloaded
from tests.support.deliveries import NOON, House
from tests.support.rights import owned_copy
from tests.support.small_snapshot import SmallSnapshot

DATASET = "submissions.varden"
FICTIVE = "19121212-1212"  # the example that forms and manuals use
HEADS = (
    "Kommunkod;Kommun;År;Patienter i kommunal hälso- och sjukvård;Patienter med aktuell personcentrerad plan;"
    "Personer med genomförd SIP totalt;Personer med SIP vid utskrivning från sjukhus;Personer med SIP av annat skäl;"
    "Personer med uppföljd SIP"
)
ALE = "1440;Ale;2023;400;300;30;20;10;12"


@pytest.fixture
def municipal(tmp_path: Path) -> Place:
    """A data folder that knows some municipalities, as after a first refresh."""
    house = House(Settings(data_dir=tmp_path / "data", memory_limit_mb=300))
    rows = [("0114", "Upplands Väsby", "K"), ("1440", "Ale", "K"), ("1407", "Öckerö", "K"), ("0000", "Riket", "L")]
    frame = pl.DataFrame(rows, schema=["area_id", "name", "area_type"], orient="row")
    house.absorb(house.parsed("kolada.municipality", frame, is_archived=True), NOON - timedelta(days=1))
    return Place(tmp_path / "data")


def text_file(folder: Path, *rows: str, name: str = "lämnad.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes("\r\n".join([HEADS, *rows, ""]).encode(encoding))
    return path


def managers_file(folder: Path, *rows: str) -> Path:
    """Managers and how many of them are trained, for all, women and men."""
    heads = (
        "Kommunkod;Kommun;År;Kön;Medarbetare;Första linjens chefer;Första linjens chefer med ledarutbildning;"
        "Sjuksköterskor;Specialistsjuksköterskor;Svarande om digital kompetens;"
        "Medarbetare med tillräcklig digital kompetens"
    )
    employees = {"T": 600, "K": 560, "M": 40}
    lines = [f"1440;Ale;2023;{sex};{employees[sex]};{row};;;;" for sex, row in zip("TKM", rows, strict=True)]
    path = folder / "chefer.csv"
    path.write_text("\r\n".join([heads, *lines, ""]), encoding="utf-8")
    return path


def known(place: Place) -> dict[tuple[str, str, int, str], tuple[float | None, str | None]]:
    """What is known now: value and status by series, area, year and sex."""
    with_state = Vintages(place.settings)
    house = House(place.settings)
    rows = house.read(f"select series_id, area_id, year, sex, value, status from ({with_state.known_sql(DATASET)})")
    return {row[:4]: row[4:] for row in rows}


def test_a_template_filled_in_is_taken_in_and_a_second_time_changes_nothing(
    run_cli: Preloaded, municipal: Place, tmp_path: Path
) -> None:
    path = tmp_path / "kompetens.xlsx"
    done = run_cli("submit", "--template", "kompetens", "--output", path)
    assert done.code == 0, done.text
    made = openpyxl.load_workbook(path)
    rows: list[list[Any]] = [
        ["1440", "Ale", 2023, "T", 600, 30, 22, 40, 8, 300, 85.5],
        ["1440", "Ale", 2023, "K", 560, 27, 20, 37, 7, 280, 86],
        ["1440", "Ale", 2023, "M", 40, 3, 2, 3, 1, 20, 78],
    ]
    for number, row in enumerate(rows, start=2):
        for column, value in enumerate(row, start=1):
            made["Uppgifter"].cell(number, column).value = value
    made.save(path)

    done = run_cli("submit", path, "--data-dir", municipal.data_dir)

    assert done.code == 0, done.text
    assert "21 nya" in done.text
    assert "nyckeltal refresh" in done.text
    found = known(municipal)
    assert len(found) == 21
    assert found["kompetens_chefer", "1440", 2023, "T"] == (30, None)
    assert found["kompetens_chefer", "1440", 2023, "M"] == (None, "suppressed")
    assert found["kompetens_chefer", "1440", 2023, "K"] == (None, "suppressed")
    assert found["kompetens_digital_andel", "1440", 2023, "T"] == (85.5, None)

    state = municipal.state()
    record = municipal.settings.archive_dir / "fetches" / DATASET / "000001.json"
    (file,) = json.loads(record.read_text(encoding="utf-8"))["files"]
    archived = municipal.settings.archive_dir / "objects" / file["sha256"][:2] / file["sha256"]
    assert "kompetens_chefer,1440,2023,M,,suppressed" in archived.read_text(encoding="utf-8").splitlines()
    assert "kompetens.xlsx" not in record.read_text(encoding="utf-8")

    done = run_cli("submit", path, "--data-dir", municipal.data_dir)
    assert done.code == 0, done.text
    assert "ingenting har ändrats" in done.text
    assert municipal.state() == state


def test_small_numbers_enter_neither_archive_nor_vintages(run_cli: Preloaded, municipal: Place, tmp_path: Path) -> None:
    file = text_file(tmp_path, "1440;Ale;2023;400;300;30;27;3;12")
    done = run_cli("submit", file, "--data-dir", municipal.data_dir)
    assert done.code == 0, done.text
    assert "Undertryckta: 2 värden" in done.text
    found = known(municipal)
    assert found["samverkan_sip", "1440", 2023, "T"] == (30, None)
    assert found["samverkan_sip_ovriga", "1440", 2023, "T"] == (None, "suppressed")
    assert found["samverkan_sip_utskrivning", "1440", 2023, "T"] == (None, "suppressed")
    raw = file.read_bytes()
    kept = [p.read_bytes() for p in municipal.data_dir.rglob("*") if p.is_file()]
    assert raw not in kept
    assert not any(b"27.0" in body or b";27;" in body for body in kept)


def test_a_part_of_a_whole_gives_nobody_away(run_cli: Preloaded, municipal: Place, tmp_path: Path) -> None:
    file = managers_file(tmp_path, "10;9", "9;9", "1;0")
    done = run_cli("submit", file, "--data-dir", municipal.data_dir)
    assert done.code == 0, done.text
    found = known(municipal)
    told = {
        (series.removeprefix("kompetens_"), sex): value if status is None else status
        for (series, _, _, sex), (value, status) in found.items()
        if series.startswith("kompetens_chefer")
    }
    # Nine of the women are trained, so of ten managers one is a man at most, unless it is not told that they are ten.
    assert told == {
        ("chefer", "T"): "suppressed", ("chefer", "K"): 9, ("chefer", "M"): "suppressed",
        ("chefer_ledarutbildning", "T"): 9, ("chefer_ledarutbildning", "K"): 9, ("chefer_ledarutbildning", "M"): 0,
    }  # fmt: skip


def test_what_was_told_before_counts_when_more_is_handed_in(
    run_cli: Preloaded, municipal: Place, tmp_path: Path
) -> None:
    for values in ("27;;", "27;3;30"):  # SIP after a stay in hospital, of other reasons, in all
        after, others, whole = values.split(";")
        file = text_file(tmp_path, f"1440;Ale;2023;400;300;{whole};{after};{others};")
        done = run_cli("submit", file, "--data-dir", municipal.data_dir)
        assert done.code == 0, done.text
    told = {series: cell for (series, *_), cell in known(municipal).items()}
    assert told["samverkan_sip_utskrivning"] == (27, None)
    assert told["samverkan_sip_ovriga"] == (None, "suppressed")
    assert told["samverkan_sip"] == (None, "suppressed")  # 30 less the 27 that are known would be three


def test_a_correction_is_one_revised_value_and_the_rest_stands(
    run_cli: Preloaded, municipal: Place, tmp_path: Path
) -> None:
    run_cli("submit", text_file(tmp_path, ALE, "1407;Öckerö;2023;90;50;;;;"), "--data-dir", municipal.data_dir)
    before = known(municipal)
    done = run_cli(
        "submit", text_file(tmp_path, ALE.replace(";300;", ";310;")), "--data-dir", municipal.data_dir, "--json"
    )
    assert done.code == 0, done.text
    told = json.loads(done.out)
    assert (told["accepted"], told["stored"], told["changes"]) == (True, True, {"revised": 1})
    key = ("samverkan_personcentrerad_plan", "1440", 2023, "T")
    assert known(municipal) == before | {key: (310, None)}
    house = House(municipal.settings)
    history = house.read(
        f"select value, change from ({Vintages(municipal.settings).history_sql(DATASET)}) "
        "where series_id = 'samverkan_personcentrerad_plan' and area_id = '1440' order by known_from"
    )
    assert history == [(300.0, "new"), (310.0, "revised")]


def test_an_emptied_cell_takes_a_value_back(run_cli: Preloaded, municipal: Place, tmp_path: Path) -> None:
    run_cli("submit", text_file(tmp_path, ALE), "--data-dir", municipal.data_dir)
    done = run_cli("submit", text_file(tmp_path, ALE.replace(";300;", ";;")), "--data-dir", municipal.data_dir)
    assert done.code == 0, done.text
    assert known(municipal)["samverkan_personcentrerad_plan", "1440", 2023, "T"] == (None, "missing")


def test_windows_text_with_semicolons_and_swedish_letters_is_understood(
    run_cli: Preloaded, municipal: Place, tmp_path: Path
) -> None:
    file = text_file(tmp_path, "1407;Öckerö;2023;1 400;900;30;20;10;12", encoding="cp1252")
    done = run_cli("submit", file, "--data-dir", municipal.data_dir)
    assert done.code == 0, done.text
    assert known(municipal)["samverkan_hsl_patienter", "1407", 2023, "T"] == (1400, None)


def test_a_faulty_file_is_refused_with_every_fault_and_a_marked_copy(
    run_cli: Preloaded, municipal: Place, tmp_path: Path
) -> None:
    file = text_file(tmp_path, "1440;Partille;2023;=1+1;300;30;20;10;12", "9999;Ale;2031;400;1.234;30;20;10;x")
    before = municipal.listing()

    done = run_cli("submit", file, "--data-dir", municipal.data_dir)

    assert done.code == 4
    assert municipal.listing() == before
    expected = {"B2", "D2", "A3", "C3", "E3", "I3"}
    assert "6 fel" in done.text
    copy = openpyxl.load_workbook(tmp_path / "lämnad.granskad.xlsx")
    values, listed = copy.worksheets
    assert listed.title == "Fel"
    marked = {cell.coordinate for row in values.iter_rows() for cell in row if cell.comment}
    assert marked == expected
    coloured = {c.coordinate for row in values.iter_rows() for c in row if c.fill.fill_type == "solid"}
    assert coloured == expected
    assert {row[1] for row in listed.iter_rows(min_row=2, values_only=True)} == expected
    assert (values["D2"].value, values["D2"].data_type, values["D2"].quotePrefix) == ("=1+1", "s", True)
    assert values["A2"].value == "1440"

    told = json.loads(run_cli("submit", file, "--data-dir", municipal.data_dir, "--json").out)
    assert {error["cell"] for error in told["errors"]} == expected
    assert all(error["what"] and error["remedy"] for error in told["errors"])
    assert (told["accepted"], told["stored"]) == (False, False)


def test_the_marked_copy_can_be_mended_and_handed_in(run_cli: Preloaded, municipal: Place, tmp_path: Path) -> None:
    run_cli("submit", text_file(tmp_path, ALE.replace(";300;", ";301 st;")), "--data-dir", municipal.data_dir)
    path = tmp_path / "lämnad.granskad.xlsx"
    copy = openpyxl.load_workbook(path)
    copy.worksheets[0]["E2"] = 301
    copy.properties.lastModifiedBy = "någon"
    for row in copy.worksheets[0].iter_rows(min_row=2):
        for cell in row[2:]:
            cell.value = int(cell.value)  # type: ignore[arg-type]
    copy.save(path)
    done = run_cli("submit", path, "--data-dir", municipal.data_dir)
    assert done.code == 0, done.text
    assert known(municipal)["samverkan_personcentrerad_plan", "1440", 2023, "T"] == (301, None)


def test_a_personal_number_leaves_no_trace(run_cli: Preloaded, municipal: Place, tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    for row in (HEADS, ALE):
        made.active.append(row.split(";"))  # type: ignore[union-attr]
    made.create_sheet("Underlag")["C7"] = f"gäller {FICTIVE}"
    made.save(tmp_path / "lista.xlsx")
    made.remove(made["Underlag"])
    made.save(tmp_path / f"brukare {FICTIVE}.xlsx")
    in_text = text_file(tmp_path, ALE.replace(";12", ";191212121212"))
    before, files = municipal.listing(), sorted(tmp_path.iterdir())

    for file, place in (
        (tmp_path / "lista.xlsx", "blad 2 (Underlag), cell C7"),
        (tmp_path / f"brukare {FICTIVE}.xlsx", "filens namn"),
        (in_text, "cell I2"),
    ):
        for option in ([], ["--json"], ["--check"]):
            done = run_cli("submit", file, "--data-dir", municipal.data_dir, *option)
            assert done.code == 4
            assert "personnummer" in done.text
            assert place in done.text
            assert "1212" not in done.text
    assert municipal.listing() == before
    assert sorted(p for p in tmp_path.iterdir() if p != run_cli.folder) == files


def test_check_keeps_nothing(run_cli: Preloaded, municipal: Place, tmp_path: Path) -> None:
    before = municipal.listing()
    done = run_cli("submit", text_file(tmp_path, ALE), "--check", "--data-dir", municipal.data_dir)
    assert done.code == 0, done.text
    assert "Ingenting är sparat" in done.text
    assert municipal.listing() == before


def test_what_the_gate_refuses_is_not_kept(run_cli: Preloaded, municipal: Place, tmp_path: Path) -> None:
    measures = (ROOT / "indicators" / "registers" / "measures.yml").read_text(encoding="utf-8")
    series = "series: samverkan_hsl_patienter\n  valid_range: {min: 0"
    assert measures.count(series) == 1
    for folder in ("catalogue", "registers"):
        (tmp_path / "declared").mkdir(exist_ok=True)
        (tmp_path / "declared" / folder).symlink_to(ROOT / "indicators" / folder)
    (tmp_path / "declared" / "registers").unlink()
    (tmp_path / "declared" / "registers").mkdir()
    for path in (ROOT / "indicators" / "registers").iterdir():
        (tmp_path / "declared" / "registers" / path.name).symlink_to(path)
    narrowed = tmp_path / "declared" / "registers" / "measures.yml"
    narrowed.unlink()
    narrowed.write_text(measures.replace(series, f"{series}, max: 100"), encoding="utf-8")
    before = municipal.state()

    done = run_cli(
        "submit", text_file(tmp_path, ALE), "--data-dir", municipal.data_dir,
        env={"NYCKELTAL_DECLARATIONS_DIR": str(tmp_path / "declared")},
    )  # fmt: skip

    assert done.code == 4, done.text
    assert "held_back_share" in done.text
    assert "ingenting är sparat" in done.text
    assert municipal.state() == before
    assert run_cli("submit", text_file(tmp_path, ALE), "--data-dir", municipal.data_dir).code == 0


def test_wrong_use_is_told_with_what_is_right(run_cli: Preloaded, municipal: Place, tmp_path: Path) -> None:
    for arguments, told in (
        ([], "kompetens, samverkan, kostnad_hsl"),
        (["--template", "okänd"], "kompetens, samverkan, kostnad_hsl"),
        (["--template", "samverkan", "--output", tmp_path / "mall.pdf"], ".xlsx eller .csv"),
        ([tmp_path / "finns inte.xlsx"], "det finns ingen sådan fil"),
        ([ROOT / "README.md"], ".xlsx, .xls, .csv"),
        ([text_file(tmp_path, ALE), "--template", "samverkan"], "kompetens, samverkan, kostnad_hsl"),
    ):
        done = run_cli("submit", *arguments, "--data-dir", municipal.data_dir)
        assert done.code == 2, (arguments, done.text)
        assert told in done.text


def test_without_a_list_of_municipalities_nothing_can_be_judged(run_cli: Preloaded, tmp_path: Path) -> None:
    done = run_cli("submit", text_file(tmp_path, ALE), "--data-dir", tmp_path / "new")
    assert done.code == 4
    assert "nyckeltal refresh" in done.text
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_at_work_is_left_alone(run_cli: Preloaded, municipal: Place, tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-m", "tests.support.hold_lock", str(municipal.data_dir)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert isinstance(holder.stdout, io.TextIOBase)
        assert holder.stdout.readline() == "held\n"
        state = municipal.state()
        done = run_cli("submit", text_file(tmp_path, ALE), "--data-dir", municipal.data_dir)
        assert done.code == 4
        assert "en annan körning" in done.text
        assert municipal.state() == state
    finally:
        holder.communicate()


@pytest.mark.parametrize(
    ("harm", "what"),
    [
        ("damaged", "datamappen är skadad"),
        ("newer", "en nyare nyckeltal har skrivit"),
        ("unreadable", "saknar rätten"),
        ("clock", "klocka"),
        ("locked", "en annan körning"),
    ],
)
def test_what_is_wrong_with_the_data_folder_is_told_in_swedish_alone(
    run_cli: Preloaded, municipal: Place, harm: str, what: str
) -> None:
    with owned_copy(municipal.data_dir) as copy:
        place, file = Place(copy), text_file(copy.parent, ALE)
        file.chmod(0o644)
        path = copy / "vintages" / "kolada.municipality" / "000001" / "delivery.json"
        content = json.loads(path.read_text(encoding="utf-8"))
        if harm == "damaged":
            path.write_bytes(path.read_bytes()[:-20])
        elif harm == "newer":
            write_sealed(path, {k: v for k, v in content.items() if "seal" not in k} | {"format": 99}, None)
            path.chmod(0o644)
        before = place.state()
        if harm == "unreadable":
            path.chmod(0o000)
        env = {"NYCKELTAL_MAX_CLOCK_LEAP_DAYS": "1"} if harm == "clock" else {}
        with exclusive(copy) if harm == "locked" else nullcontext():
            done = run_cli("submit", file, "--data-dir", copy, env=env, unprivileged=harm == "unreadable")
        assert done.code == 4, done.text
        assert what in done.text
        assert {"clock": "kolada.municipality", "locked": str(copy)}.get(harm, str(path)) in done.text
        assert "ingenting av filen är sparat" in done.text
        english = {"the", "is", "a", "run", "expected", "found", "may", "this", "process", "record"}
        assert not english & set(done.text.lower().split())
        path.chmod(0o644)
        assert place.state() == before


@pytest.mark.slow
def test_a_submission_and_its_correction_come_through_to_the_release(
    run_cli: Preloaded, place: Place, snapshot: SmallSnapshot, tmp_path: Path
) -> None:
    def release(*rows: str) -> None:
        done = run_cli("submit", text_file(tmp_path, *rows), "--data-dir", place.data_dir)
        assert done.code == 0, done.text
        done = run_cli("refresh", "--data-dir", place.data_dir, "--snapshot-dir", snapshot.folder)
        assert done.code == 0, done.text
        assert "Released" in done.text

    query = (
        "select area_id, year, round(value, 1), status, missing_reason from observation "
        "where indicator_id = $1 and area_id in ('1440', '1407') order by area_id, year"
    )
    release("1440;Ale;2021;400;300;30;27;3;12", "1407;Öckerö;2021;90;3;;;;")
    assert place.sql(query, ["andel_personcentrerad_plan"]).rows() == [
        ("1407", 2021, None, "missing", "input_suppressed"),
        ("1440", 2021, 75.0, "normal", None),
    ]
    assert place.sql(query, ["andel_sip_uppfoljda"]).rows()[1][:3] == ("1440", 2021, 40.0)
    judged = place.sql("select level, passed, found from quality_result where check_id = 'submissions.disclosure'")
    assert judged.rows() == [("block", True, "3 suppressed values in 2 tables")]
    (files,) = place.sql("select count(*) from source_file where source_id = 'submissions'").row(0)
    assert files == 1

    release("1440;Ale;2021;400;320;30;27;3;12")
    assert place.sql(query, ["andel_personcentrerad_plan"]).rows()[1] == ("1440", 2021, 80.0, "normal", None)
    revised = place.sql(
        "select old_value, new_value, change from revision where indicator_id = 'andel_personcentrerad_plan' "
        "and area_id = '1440'"
    )
    assert revised.rows() == [(75.0, 80.0, "revised")]
