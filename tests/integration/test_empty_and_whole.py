"""What the command line says when there is nothing, and that it leaves nothing out in a narrow terminal."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from pipelines.commands.output import tell_comparison
from pipelines.errors import UsageError
from tests.support.command import NYCKELTAL, Place, Preloaded
from tests.support.small_snapshot import GOTEBORG

EMPTY = "andel_personcentrerad_plan"  # only municipalities themselves can give it


def printed(width: int, *arguments: str | Path) -> str:
    """What a command prints in a terminal of that width."""
    done = subprocess.run(
        [NYCKELTAL, *arguments],
        env={**os.environ, "COLUMNS": str(width)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("width", [20, 40, 80])
def test_no_column_of_a_wide_query_is_left_out(width: int, base: Place, run_cli: Preloaded) -> None:
    query = f"select * from kostnad where area_id='{GOTEBORG}' and year=2022 and sex='T' limit 2"
    text = printed(width, "sql", query, "--data-dir", base.data_dir)
    rows = json.loads(run_cli("sql", query, "--json", "--data-dir", base.data_dir).out)
    assert len(rows) == 2
    together = "".join(text.split())
    for row in rows:
        for name, value in row.items():
            assert name in together, name
            if isinstance(value, str) and name != "known_from":  # a time is shown to the second
                assert "".join(value.split()) in together, (name, value)
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize("width", [20, 40, 80])
@pytest.mark.parametrize(
    "command",
    [("compare", GOTEBORG), ("status",), ("indicators", "list"), ("indicators", "show", EMPTY), ("releases", "list")],
)
def test_every_command_fits_a_narrow_terminal_and_drops_nothing(
    width: int, command: tuple[str, ...], base: Place, run_cli: Preloaded
) -> None:
    together = "".join(printed(width, *command, "--data-dir", base.data_dir).split())
    wide = run_cli(*command, "--data-dir", base.data_dir).out
    lost = {word for word in re.findall(r"\w{4,}", wide) if word not in together}
    if command[0] == "compare":  # what is left out of columns is named
        assert "visarocksålänet,GRovägt,typ,liknande" in together or width < 80
    assert lost == set()


def test_a_cell_commands_no_terminal(base: Place) -> None:
    text = printed(
        80,
        "sql",
        "select chr(27) || '[31mred' as a, chr(8238) as b, '[bold]x[/bold]' as c",
        "--data-dir",
        base.data_dir,
    )
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\x1b[31mred" in text
    assert "[bold]x[/bold]" in text


def test_an_empty_result_says_so(base: Place, run_cli: Preloaded) -> None:
    done = run_cli("sql", "select area_id, year from observation where false", "--data-dir", base.data_dir)
    assert done.code == 0
    assert "area_id" in done.text
    assert "0 rows" in done.text


def test_before_the_first_knowledge_says_when_it_was(base: Place, run_cli: Preloaded) -> None:
    done = run_cli("sql", "from observation_as_of('1999-12-31')", "--data-dir", base.data_dir)
    assert "0 rows" in done.text
    assert "Nothing is known before" in done.text


def test_indicators_without_values_are_told_with_what_they_wait_for(base: Place, run_cli: Preloaded) -> None:
    for command in (("indicators", "list"), ("indicators", "search", "personcentrerad"), ("indicators", "show", EMPTY)):
        text = " ".join(run_cli(*command, "--data-dir", base.data_dir).text.split())
        assert "nyckeltal submit" in text, command
    listed = json.loads(run_cli("indicators", "list", "--json", "--data-dir", base.data_dir).out)
    by_id = {i["indicator_id"]: i for i in listed}
    assert by_id[EMPTY]["no_values_sv"].startswith("inga värden än: väntar på kommunernas egna uppgifter")
    assert by_id["kostnad_aldreomsorg_per_inv_80"]["no_values_sv"] is None
    row = run_cli(
        "sql", f"select no_values_sv from indicator where indicator_id = '{EMPTY}'", "--data-dir", base.data_dir
    )
    assert "inga värden än" in row.text


def test_a_search_without_hits_says_so_and_suggests(base: Place, run_cli: Preloaded) -> None:
    done = run_cli("indicators", "search", "hemjänst", "--data-dir", base.data_dir)
    assert done.code == 0
    assert "Inget nyckeltal har alla orden: hemjänst" in done.text
    assert "hemtjänst" in done.text


@pytest.mark.parametrize(
    ("command", "meant"),
    [
        (("indicators", "list", "--theme", "kostnadd"), "did you mean kostnad?"),
        (("compare", GOTEBORG, "--theme", "kvalite"), "did you mean kvalitet?"),
        (("compare", "Götborg"), "Göteborg"),
        (("indicators", "show", "personcentrerad_plan"), EMPTY),
        (("timeline", GOTEBORG, "--indicator", "kostnad_aldreomsorg_per_inv_8"), "kostnad_aldreomsorg_per_inv_80"),
        (("study", "show", "eget_hem"), "eget_hem_dos"),
    ],
)
def test_a_name_that_does_not_exist_suggests_what_was_meant(
    command: tuple[str, ...], meant: str, base: Place, run_cli: Preloaded
) -> None:
    done = run_cli(*command, "--data-dir", base.data_dir)
    assert done.code == 2
    assert meant in " ".join(done.text.split())


@pytest.mark.parametrize("theme", [(), ("--theme", "kostnad")])
def test_the_nation_is_compared_with_nobody_whatever_the_theme(
    theme: tuple[str, ...], base: Place, run_cli: Preloaded
) -> None:
    done = run_cli("compare", "Riket", *theme, "--data-dir", base.data_dir)
    assert done.code == 2
    assert "the nation and the regions are compared with no others" in done.text
    assert "--theme" not in done.text


@pytest.mark.parametrize("theme", [None, "organisation"])
def test_to_leave_the_theme_out_is_advised_only_where_one_was_given(theme: str | None) -> None:
    with pytest.raises(UsageError, match="there are no values to compare") as refused:
        tell_comparison([], GOTEBORG, "Göteborg", None, theme)
    assert ("leave --theme out" in refused.value.remedy) == (theme is not None)


def test_a_mean_of_fewer_than_three_municipalities_says_of_how_many(base: Place, run_cli: Preloaded) -> None:
    rows = json.loads(run_cli("compare", GOTEBORG, "--json", "--data-dir", base.data_dir).out)
    told = printed(250, "compare", GOTEBORG, "--data-dir", base.data_dir)
    lines = {line.partition(",")[0]: line for line in told.splitlines() if re.match(r"\w+, ", line)}
    means = {"länet": ("county_mean", "county_n"), "liknande": ("similar_median", "similar_n")}
    few = 0
    for row in rows:
        for head, (column, number) in means.items():
            n = row[number]
            is_few = row[column] is not None and n < 3
            few += is_few
            assert (f"{head} av {n}" in lines[row["indicator_id"]]) == is_few, row["indicator_id"]
    assert few > 0


def test_a_timeline_of_nothing_says_so(base: Place, run_cli: Preloaded) -> None:
    done = run_cli("timeline", GOTEBORG, "--since", "2040", "--data-dir", base.data_dir)
    assert done.code == 0
    assert "Ingen händelse" in done.text
    assert "inga värden" in done.text


def test_a_sound_machine_without_a_release_is_sound(tmp_path: Path, run_cli: Preloaded) -> None:
    done = run_cli("doctor", "--data-dir", tmp_path / "data")
    assert done.code == 0, done.text
    assert "nyckeltal refresh" in done.text
    refused = run_cli("sql", "select 1", "--data-dir", tmp_path / "data")
    assert refused.err.startswith("Error there is no release yet"), "one language in one message"
    assert "No releases yet" in run_cli("releases", "list", "--data-dir", tmp_path / "data").text
