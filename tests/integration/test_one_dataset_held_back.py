"""A broken declaration, a wrong file and a fault of the program each hold back one dataset; the others are released."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import openpyxl
import pytest

from tests.support.command import Place
from tests.support.project_copy import copied, nyckeltal

pytestmark = pytest.mark.slow

# Added to a parser in the copy of the project that is run.
FAULTY_PARSER = """

_sound = parse


def parse(fetched, archive, target):
    if fetched.dataset == "skr.personal":
        raise KeyError("varde")
    return _sound(fetched, archive, target)
"""


def workbook(sheet: str, rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    book.worksheets[0].title = sheet
    for row in rows:
        book.worksheets[0].append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# What lies in the inbox: the file of the first is no file of its kind, the others' are sound.
FILES = {
    "socialstyrelsen.halso_och_sjukvard": ("2024.xlsx", workbook("Blad1", [["Vad som helst"], [1]])),
    "socialstyrelsen.enhetsundersokning": (
        "enhetsundersokningen 2024.xlsx",
        workbook("Hemtjänst, kommun, län, rike", [["Kommunkod", "Andel med aktuell genomförandeplan"], ["1480", 79.5]]),
    ),
    "skr.personal": ("Tabell 10 2024.xlsx", workbook("Tabell 10", [["Kommun", "Antal"], ["Ale", 7]])),
    "skr.prisindex": ("PKV 2024-10.xlsx", workbook("PKV", [["År", "PKV"], [2023, 110.1], [2024, 114.0]])),
}


@dataclass
class Ended:
    """What the run came to."""

    place: Place
    code: int
    text: str
    validated: str


@pytest.fixture(scope="module")
def ended(base: Place, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    home = tmp_path_factory.mktemp("held")
    place, project = base.copy(home / "data"), copied(home / "project")
    declaration = project / "pipelines" / "sources" / "socialstyrelsen" / "declaration.yml"
    text = declaration.read_text(encoding="utf-8")
    spoilt = text.replace("rows_left_out: ['\\d{1,2}', '.* län'", "rows_left_out: [65_79, '.* län'", 1)
    assert spoilt != text
    declaration.write_text(spoilt, encoding="utf-8")
    parser = project / "pipelines" / "sources" / "skr" / "__init__.py"
    parser.write_text(parser.read_text(encoding="utf-8") + FAULTY_PARSER, encoding="utf-8")
    for dataset, (name, body) in FILES.items():
        target = place.settings.inbox_dir / dataset / name
        target.parent.mkdir(parents=True)
        target.write_bytes(body)
    only = ",".join(FILES)
    validated = nyckeltal(project, "indicators", "validate")
    assert validated.returncode != 0
    done = nyckeltal(project, "refresh", "--source", "live", "--only", only, "--data-dir", place.data_dir)
    text = " ".join((done.stdout + done.stderr).split())
    return Ended(place, done.returncode, text, " ".join((validated.stdout + validated.stderr).split()))


def test_the_others_are_released_and_the_exit_code_says_that_some_were_held_back(ended: Ended) -> None:
    assert ended.code == 3, ended.text
    assert "Released" in ended.text
    issues = ended.place.sql("select index_id, year, value from price_index where index_id = 'pkv' order by year")
    assert issues.rows() == [("pkv", 2023, 110.1), ("pkv", 2024, 114.0)]


def test_a_file_that_is_none_of_its_kind_holds_back_its_dataset_by_name(ended: Ended) -> None:
    told = ended.text.split("Held back socialstyrelsen.halso_och_sjukvard:")[1].split("Held back")[0]
    assert "2024.xlsx" in told
    assert "Blad1" in told


def test_a_word_that_yaml_reads_as_a_number_holds_back_its_dataset_with_file_and_line(ended: Ended) -> None:
    told = ended.text.split("Held back socialstyrelsen.enhetsundersokning:")[1].split("Held back")[0]
    for words in (
        "the declaration of the dataset is wrong",
        "socialstyrelsen/declaration.yml",
        "line ",
        "6579",
        "'65_79'",
    ):
        assert words in told
    assert "6579" in ended.validated
    assert "socialstyrelsen/declaration.yml" in ended.validated


def test_a_fault_of_the_program_holds_back_its_dataset_and_its_traceback_is_in_the_log(ended: Ended) -> None:
    told = ended.text.split("Held back skr.personal:")[1].split("Held back")[0]
    assert "a fault of the program" in told
    assert "KeyError: 'varde'" in told
    line = ended.place.log()[-1]
    assert 'raise KeyError("varde")' in line["program_faults"]["skr.personal"]
    assert set(line["held_back"]) == set(FILES) - {"skr.prisindex"}


def test_the_release_tells_what_was_held_back(ended: Ended) -> None:
    failed = ended.place.sql(
        "select check_id, found from quality_result where check_id like '%.readable' and not passed"
    )
    assert set(failed["check_id"]) == {
        "skr.personal.readable",
        "socialstyrelsen.halso_och_sjukvard.readable",
        "socialstyrelsen.enhetsundersokning.readable",
    }
