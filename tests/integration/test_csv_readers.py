"""CSV read by the programs that readers have, with nothing said to them: every row, code and value is the database's.

base R, readr and data.table read in one process, LibreOffice in three conversions, pandas, polars and DuckDB here.
"""

from __future__ import annotations

import gzip
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from indicators.model.words import THEMES
from pipelines.release.package.release_data import TIDY
from pipelines.settings import ROOT, Settings
from pipelines.storage import release_pointer
from pipelines.storage.database import columns, identifier, literal
from pipelines.storage.release_pointer import DATABASE
from tests.support.command import nyckeltal
from tests.support.served import ServedApi

pytestmark = pytest.mark.slow

COST = "kostnad_aldreomsorg_per_inv_80"
# Texts that one program or another takes for something else, alone or as a whole column of them.
HOSTILE = (
    "T", "F", "TRUE", "false", "True", "NA", "N/A", "nan", "NaN", "null", "NULL", "None", "inf", "-inf", "Infinity",
    "0180", "01", "0000", "5321", "1E5", "12e3", "0x1F", "1-2", "10-12", "65-79", "2021:18", "10:30", "1/2", "12 %",
    "5 kr", "1 000", "1,5", "1.5", "MAR1", "mars 2021", "1-mar", "Sep 21", "2024-08", "2024-08-01", "+1", "-1", "=1+1",
    "@x", "1e10", "2026-11-28T18:02:22", "SANT", "", "1.000.000", "007", "9" * 40, f"{'1' * 30}e{'1' * 33}", ".5", "5.",
    "(5)", "#N/A", "<NA>", "-nan", "1.#IND",
)  # fmt: skip


@dataclass(frozen=True)
class Given:
    """A file, and the query of the release that it must say; none where it says of every row nothing but text."""

    file: Path
    sql: str | None

    @property
    def name(self) -> str:
        """Folder and name."""
        return f"{self.file.parent.name}/{self.file.name}"


@pytest.fixture(scope="module")
def folder(full_release: Settings) -> Path:
    """The folder of the full release."""
    return release_pointer.current_folder(full_release.releases_dir)


@pytest.fixture(scope="module")
def release(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Its database."""
    with duckdb.connect(str(folder / DATABASE), read_only=True) as con:
        con.execute("set enable_progress_bar = false")
        yield con


def shipped(folder: Path) -> list[Given]:
    """Every plain CSV file of the release."""
    of_theme = f"select {columns(TIDY)} from observation_wide where theme = '{{}}'"
    tables = {"indikatorer.csv": "select * from indicator", "dictionary.csv": None, "kodlista.csv": None}
    themes = [
        Given(folder / "csv/plain" / f"{theme}.csv.gz", of_theme.format(theme)) for theme in sorted(map(str, THEMES))
    ]
    given = [*themes, *(Given(folder / name, sql) for name, sql in tables.items())]
    assert {g.file for g in given} == {*folder.glob("*.csv*"), *folder.glob("csv/plain/*")}
    return given


ANSWERS = {
    "observations.csv?area=0180,0001,GR": "from observation where area_id in ('0180', '0001', 'GR')",
    f"observations.csv?labels=true&indicator={COST}&sex=T": f"from observation_wide where indicator_id = '{COST}'",
    "as-of.csv?moment=2100-01-01&area=0114&sex=M": "from observation where area_id = '0114' and sex = 'M'",
    "comparison.csv?indicator=andel_80": "from comparison where indicator_id = 'andel_80'",
    "trend.csv?area=SE_0180&sex=women": "from trend where area_id = '0180' and sex = 'K'",
    "areas.csv": "from area",
    "indicators.csv": "from indicator",
    "revisions.csv": "from revision",
    "release.csv": "from release",
}
# Tables with rare texts, times, codes under other names, and truth values that are missing.
COMMANDS = (
    "select * from observation where indicator_id = 'andel_80' order by year desc, area_id",
    "select * from placebo", "select * from effect_estimate", "select * from similar_area where year = 2022",
    "select * from source_file", "select * from reform_event", "select * from area_membership", "select * from funding",
)  # fmt: skip


@pytest.fixture(scope="module")
def given(folder: Path, full_release: Settings, tmp_path_factory: pytest.TempPathFactory) -> list[Given]:
    """Every file of the release, answers of the API and results of the command."""
    home = tmp_path_factory.mktemp("csv")
    made = shipped(folder)
    with ServedApi(full_release.releases_dir) as api:
        for number, (question, sql) in enumerate(ANSWERS.items()):
            answer = api.get(f"/api/v1/{question}")
            assert answer.status_code == 200, answer.text
            file = home / f"api{number}.csv"
            file.write_bytes(answer.content)
            named = answer.text.splitlines()[0].split(",")
            told = f"select {columns(named)} {sql}" if "as-of" not in question else f"select {_known(named)} {sql}"
            made.append(Given(file, told))
    for number, sql in enumerate(COMMANDS):
        file = home / f"sql{number}.csv"
        done = nyckeltal("sql", sql, "--format", "csv", "--output", file, "--data-dir", full_release.data_dir)
        assert done.code == 0, done.text
        made.append(Given(file, sql))
    return made


def _known(names: list[str]) -> str:
    """Columns of a vintage as the table of present values has them: what only vintages have is not held against it."""
    lacking = {"known_to": "null::timestamp", "revision": "1", "change": "'new'"}
    return ", ".join(f"{lacking[n]} as {n}" if n in lacking else identifier(n) for n in names)


@pytest.fixture(scope="module")
def hostile(full_release: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result of the command with a column for each hostile text, three rows of it."""
    file = tmp_path_factory.mktemp("hostile") / "hostile.csv"
    chosen = ", ".join(f"{literal(text)} as c{number}" for number, text in enumerate(HOSTILE))
    sql = f"select 'kod' as word, {chosen} from range(3)"
    done = nyckeltal("sql", sql, "--format", "csv", "--output", file, "--data-dir", full_release.data_dir)
    assert done.code == 0, done.text
    return file


# What a file must be read as


def kinds_of(release: duckdb.DuckDBPyConnection, given: Given) -> dict[str, tuple[str, int]]:
    """By column: text, number, truth, day or time, and how many values it has; columns without any are `nothing`."""
    raw = pl.read_csv(given.file, infer_schema=False)
    if given.sql is None:
        return dict.fromkeys(raw.columns, ("text", raw.height))
    told = {
        "VARCHAR": "text",
        "DOUBLE": "number",
        "INTEGER": "number",
        "BIGINT": "number",
        "BOOLEAN": "truth",
        "DATE": "day",
        "TIMESTAMP": "time",
    }
    types = {name: told[kind] for name, kind, *_ in release.execute(f"describe {given.sql}").fetchall()}
    assert list(types) == raw.columns
    counts = ", ".join(f"count({identifier(name)})" for name in types)
    (row,) = release.execute(f"select count(*), {counts} from ({given.sql})").fetchall()
    assert raw.height == row[0]
    found = {}
    for (name, kind), filled in zip(types.items(), row[1:], strict=True):
        found[name] = ("text", raw.height) if kind == "text" else (kind if filled else "nothing", filled)
    return found


def sums_of(release: duckdb.DuckDBPyConnection, given: Given) -> pl.DataFrame | None:
    """Rows, values and their sum by code of area, sex and year, as CSV says those; None where a table has no such."""
    names = [] if given.sql is None else [name for name, *_ in release.execute(f"describe {given.sql}").fetchall()]
    if not {"area_id", "sex", "year", "value"} <= set(names):
        return None
    return release.execute(
        f"""
        select case when regexp_full_match(area_id, '\\d+') then 'SE_' else '' end || area_id as area_id,
            case sex when 'T' then 'total' when 'K' then 'women' when 'M' then 'men' end as sex, year,
            count(*) as rows, count(value) as values, coalesce(sum(value), 0) as total
        from ({given.sql}) group by all order by all
        """
    ).pl()


def same_sums(read: pl.DataFrame, wanted: pl.DataFrame) -> bool:
    key = ["area_id", "sex", "year"]
    read = read.select(wanted.columns).cast(dict(wanted.schema)).sort(key)  # type: ignore[arg-type]
    near = (read["total"] - wanted["total"]).abs() <= 1e-9 * (1 + wanted["total"].abs())
    exact = [*key, "rows", "values"]
    return read.select(exact).equals(wanted.select(exact)) and bool(near.all())


def characters_of(file: Path) -> dict[str, int]:
    """How many characters the cells of each column have."""
    raw = pl.read_csv(file, infer_schema=False)
    return {name: int(raw[name].str.len_chars().sum()) for name in raw.columns}


# R


@pytest.fixture(scope="module")
def in_r(given: list[Given], hostile: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what base R, readr and data.table found, in one process for all files."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        pytest.skip("there is no R on this machine")
    for package in ("readr", "data.table"):
        asked = [rscript, "-e", f"quit(status = !requireNamespace('{package}', quietly = TRUE))"]
        if subprocess.run(asked, capture_output=True, check=False).returncode:
            pytest.skip(f"R has no package {package} on this machine")
    home = tmp_path_factory.mktemp("r")
    listed = home / "files.txt"
    listed.write_text("\n".join(str(f) for f in [*(g.file for g in given), hostile]) + "\n", encoding="utf-8")
    script = ROOT / "tests" / "support" / "readers.R"
    done = subprocess.run([rscript, script, home, listed], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return home


IN_R = {
    "base": {
        "text": "character", "number": "numeric integer", "truth": "logical", "day": "character", "time": "character",
    },
    "readr": {"text": "character", "number": "numeric", "truth": "logical", "day": "Date", "time": "POSIXct"},
    "data.table": {
        "text": "character", "number": "numeric integer", "truth": "logical", "day": "IDate", "time": "POSIXct",
    },
}  # fmt: skip


@pytest.mark.parametrize("reader", IN_R)
def test_r_reads_every_file_as_what_it_is(
    reader: str, in_r: Path, given: list[Given], release: duckdb.DuckDBPyConnection
) -> None:
    kinds = pl.read_csv(in_r / "kinds.csv").filter(pl.col("reader") == reader)
    for number, file in enumerate(given):
        wanted, characters = kinds_of(release, file), characters_of(file.file)
        found = {row["column"]: row for row in kinds.filter(pl.col("file") == number).to_dicts()}
        assert set(found) == set(wanted), file.name
        for name, (kind, filled) in wanted.items():
            row = found[name]
            if not row["rows"]:
                continue  # no rows, so no kinds
            where = f"{file.name}, {name}: {row}"
            assert row["faults"] == 0, where
            assert row["kind"] in IN_R[reader].get(kind, "logical").split(), where
            if row["kind"] != "character":
                assert row["filled"] == filled, where
            elif kind == "text":
                assert (row["filled"], row["characters"]) == (filled, characters[name]), where
        sums = sums_of(release, file)
        if sums is not None and sums.height:
            assert same_sums(pl.read_csv(in_r / f"{reader}.{number}.csv"), sums), file.name


@pytest.mark.parametrize("reader", IN_R)
def test_r_takes_no_text_for_anything_else(reader: str, in_r: Path, given: list[Given], hostile: Path) -> None:
    read = pl.read_csv(in_r / "kinds.csv").filter(pl.col("reader") == reader, pl.col("file") == len(given))
    told = dict(read.select("column", "kind").iter_rows())
    assert {HOSTILE[int(c[1:])] for c, kind in told.items() if c != "word" and kind != "character"} == set()
    assert len(told) == len(HOSTILE) + 1
    assert dict(read.select("column", "characters").iter_rows()) == characters_of(hostile)


# Python


def _in_pandas(file: Path) -> tuple[dict[str, tuple[str, int]], pl.DataFrame | None]:
    frame = pd.read_csv(file)
    found = {}
    for name in frame.columns:
        column = frame[name].dropna()
        one = {type(value) for value in column.unique()}
        text, truth = one == {str}, one <= {bool} or str(column.dtype) == "bool"
        kind = (
            "nothing"
            if column.empty
            else "text"
            if text
            else "truth"
            if truth
            else "number"
            if len(one) == 1
            else "mixed"
        )
        found[str(name)] = (kind, len(column))
    if not {"area_id", "sex", "year", "value"} <= set(frame.columns):
        return found, None
    by = frame.groupby(["area_id", "sex", "year"])["value"].agg(rows="size", values="count", total="sum").reset_index()
    return found, pl.from_pandas(by)


def _in_polars(file: Path) -> tuple[dict[str, tuple[str, int]], pl.DataFrame | None]:
    frame = pl.read_csv(file)
    found = {}
    for name, kind in frame.schema.items():
        filled = frame.height - frame[name].null_count()
        told = "text" if kind == pl.String else "truth" if kind == pl.Boolean else "number"
        found[name] = (told if filled else "nothing", filled)
    if not {"area_id", "sex", "year", "value"} <= set(frame.columns):
        return found, None
    value = pl.col("value").cast(pl.Float64)
    by = frame.group_by("area_id", "sex", "year").agg(rows=pl.len(), values=value.count(), total=value.sum())
    return found, by


def _in_duckdb(file: Path) -> tuple[dict[str, tuple[str, int]], pl.DataFrame | None]:
    con = duckdb.connect(config={"threads": 1})
    con.execute(f"create view read as from {literal(str(file))}")
    names = {name: kind for name, kind, *_ in con.execute("describe read").fetchall()}
    counts = con.execute(f"select {', '.join(f'count({identifier(n)})' for n in names)} from read").fetchone() or ()
    told = {
        "VARCHAR": "text",
        "BOOLEAN": "truth",
        "DATE": "day",
        "TIMESTAMP WITH TIME ZONE": "time",
        "TIMESTAMP": "time",
    }
    found = {
        name: (told.get(kind, "number") if filled else "nothing", filled)
        for (name, kind), filled in zip(names.items(), counts, strict=True)
    }
    if not {"area_id", "sex", "year", "value"} <= set(names):
        return found, None
    by = con.execute(
        "select area_id, sex, year, count(*) as rows, count(value) as values, coalesce(sum(value), 0) as total "
        "from read group by all"
    ).pl()
    return found, by


READERS = {"pandas": _in_pandas, "polars": _in_polars, "DuckDB": _in_duckdb}


@pytest.mark.parametrize("reader", READERS)
def test_python_reads_every_file_as_what_it_is(
    reader: str, given: list[Given], release: duckdb.DuckDBPyConnection
) -> None:
    for file in given:
        wanted = kinds_of(release, file)
        if not next(iter(wanted.values()))[1]:
            continue  # no rows, so no kinds
        found, by = READERS[reader](file.file)
        # pandas and polars leave days and times as the texts that they are, unless they are asked.
        told = {n: ("text" if k in {"day", "time"} and reader != "DuckDB" else k, c) for n, (k, c) in wanted.items()}
        assert found == told, file.name
        sums = sums_of(release, file)
        if sums is not None:
            assert by is not None
            assert same_sums(by, sums), file.name


@pytest.mark.parametrize("reader", READERS)
def test_python_takes_no_text_for_anything_else(reader: str, hostile: Path) -> None:
    found, _ = READERS[reader](hostile)
    assert {HOSTILE[int(name[1:])] for name, told in found.items() if name != "word" and told != ("text", 3)} == set()
    assert len(found) == len(HOSTILE) + 1


# LibreOffice


def converted(home: Path, filter_: str, *files: Path) -> list[Path]:
    """The files as LibreOffice saves them after opening them. `filter_`: what its import dialogue shows, confirmed."""
    soffice = shutil.which("soffice")
    if soffice is None:
        pytest.skip("there is no LibreOffice on this machine")
    profile = f"-env:UserInstallation=file://{home / 'profile'}"
    asked = [soffice, profile, "--headless", f"--infilter=CSV:{filter_}", "--convert-to", "xlsx", "--outdir", home]
    subprocess.run([*asked, *files], capture_output=True, check=True, timeout=300)
    return [home / f"{file.stem}.xlsx" for file in files]


def opened(file: Path) -> list[list[object]]:
    return [list(row) for row in CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python()]


def uncompressed(file: Path) -> bytes:
    """The CSV of a file of the release."""
    if file.suffix == ".zip":
        with zipfile.ZipFile(file) as packed:
            return packed.read(f"{file.stem}.csv")
    return gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()


def as_written(file: Path, **dialect: str) -> pl.DataFrame:
    return pl.read_csv(uncompressed(file), infer_schema=False, **dialect).fill_null("")  # type: ignore[arg-type]


# Delimiter, quotation mark, UTF-8, first line, columns, language; then whether quoted cells are text, and whether
# everything that looks like a number, a date or a time is made one, as Excel does.
ENGLISH, SWEDISH, EAGER = "44,34,76,1,,1033", "59,34,76,1,,1053", "44,34,76,1,,1033,false,true"


@pytest.mark.parametrize(
    ("path", "filter_"), [("plain/samverkan.csv.gz", ENGLISH), ("excel/samverkan.zip", SWEDISH)], ids=["plain", "excel"]
)
def test_libreoffice_opens_a_theme_with_every_code_and_value(
    path: str, filter_: str, folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "samverkan.csv"
    file.write_bytes(uncompressed(folder / "csv" / path))
    (made,) = converted(tmp_path, filter_, file)
    heads, *rows = opened(made)
    raw = as_written(file, separator=";" if path.startswith("excel") else ",")
    assert heads == raw.columns
    assert len(rows) == raw.height
    for place, name in enumerate(raw.columns):
        cells = [row[place] for row in rows]
        if name in {"year", "value", "lower_95", "upper_95"}:
            wanted = [float(v.replace(",", ".")) if v else "" for v in raw[name]]
            assert all(c == w or (c and w and abs(c / w - 1) < 1e-14) for c, w in zip(cells, wanted, strict=True)), name  # type: ignore[operator]
        else:
            assert [str(c).upper() if isinstance(c, bool) else c for c in cells] == raw[name].to_list(), name


def test_libreoffice_makes_nothing_else_of_a_text_even_when_asked_to_look_for_numbers(
    folder: Path, hostile: Path, tmp_path: Path
) -> None:
    files = [hostile, folder / "kodlista.csv", folder / "dictionary.csv"]
    for file, made in zip(files, converted(tmp_path, EAGER, *files), strict=True):
        heads, *rows = opened(made)
        raw = as_written(file)
        assert heads == raw.columns
        assert rows == [list(row) for row in raw.iter_rows()], file.name


# What programs are known to read wrong is in no file


def test_no_shipped_text_has_what_some_reader_changes(folder: Path) -> None:
    """data.table leaves doubled quotation marks doubled, readr and data.table cut blanks at the ends of a text."""
    files = sorted([*folder.glob("*.csv"), *folder.glob("csv/*/*")])
    assert len(files) == 3 + 2 * len(THEMES)
    for file in files:
        raw = as_written(file, separator=";" if file.parent.name == "excel" else ",")
        texts = pl.concat([raw[name].unique().rename("text") for name in raw.columns])
        changed = texts.filter(texts.str.contains(r'["\r\n\u{a0}\u{feff}]|^\s|\s$'))
        assert changed.to_list() == [], file.name


def test_every_theme_fits_a_sheet_or_the_readme_names_it(folder: Path, release: duckdb.DuckDBPyConnection) -> None:
    text = (folder / "README.md").read_text(encoding="utf-8")
    rows = dict(release.execute("select theme, count(*) from observation_wide group by 1").fetchall())
    largest = max(rows, key=lambda theme: rows[theme])
    assert f"{largest}.csv" in text
    if max(rows.values()) < 1_048_576:
        assert "Alla CSV-filer ryms i ett kalkylblad" in text
