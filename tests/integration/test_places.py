"""Places: every sentence and every drawn place of a whole release agrees with the order of the values.

The places are counted here from `observation` alone, and said by a function of the test's own.
"""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import polars as pl
import pytest

from pipelines.reading.reader import query
from pipelines.settings import ROOT, Settings
from pipelines.storage import release_pointer

pytestmark = pytest.mark.slow

KEY = ["indicator_id", "area_id", "year", "sex"]
SENTENCE = re.compile(
    r'<li><a href="\.\./nyckeltal/([^"]+)\.html">[^<]*</a>: <b>[^<]*</b> \((\d{4})\), ([^<]*?) kommuner[.,]'
)
CELL = re.compile(
    r'<tr><td>(\d{4})</td><th scope="row"><a [^>]*>[^<]*</a></th>'
    r'(?:<td class="num"[^>]*>[^<]*</td>){3}<td class="num" data-value="(\d*)">([^<]*)</td>'
)
HEAD_OF_BARS = re.compile(r'<h2 id="alla">Alla (kommuner|regioner) (\d{4})</h2>')
WITHOUT_END = re.compile(r"(?i)\bplats(?:en)? \d+|\d av \d+ från|från högst räknat|\d+ av \d+ kommuner\b")


@pytest.fixture(scope="module")
def release(full_release: Settings) -> Path:
    return release_pointer.current_folder(full_release.releases_dir)


@pytest.fixture(scope="module")
def counted(release: Path) -> pl.DataFrame:
    """Each municipal value that takes part, with how many lie above and below it, and its place in words.

    Values are alike where they are to six decimals: 12.3 + 10.8 and 12.2 + 10.9.
    """
    trusted = "" if "caution" not in query(release, "from observation limit 0").columns else "and caution is null"
    values = query(
        release,
        "select indicator_id, area_id, year, sex, round(value, 6) as value from observation join area using (area_id) "
        f"where area_type = 'municipality' and value is not null {trusted}",
    )
    field = ["indicator_id", "year", "sex"]
    ranked = values.with_columns(
        below=pl.col("value").rank("min").over(field) - 1,
        above=pl.col("value").rank("min", descending=True).over(field) - 1,
        of_n=pl.len().over(field),
    )
    kinds = ranked.select("above", "below", "of_n").unique()
    words = kinds.with_columns(place=pl.Series([said(*row) for row in kinds.iter_rows()], dtype=pl.String))
    return ranked.join(words, on=["above", "below", "of_n"], how="left")


def said(above: int, below: int, of_n: int) -> str:
    """How a place is said: `above` values are higher, `below` are lower."""
    if above == below == 0:
        return "den enda med värde" if of_n == 1 else f"lika för alla {of_n}"
    number, end = (above + 1, "högst") if above <= below else (below + 1, "lägst")
    teen = str(number).endswith(("11", "12"))
    ending = "a" if str(number)[-1] in "12" and not teen else "e"
    shared = "delad " if above + below + 1 < of_n else ""
    return f"{shared}{number}:{ending} {end} av {of_n}"


@pytest.mark.parametrize(
    ("above", "below", "of_n", "words"),
    [
        (0, 289, 290, "1:a högst av 290"),
        (288, 1, 290, "2:a lägst av 290"),
        (287, 2, 290, "3:e lägst av 290"),
        (10, 279, 290, "11:e högst av 290"),
        (278, 11, 290, "12:e lägst av 290"),
        (20, 269, 290, "21:a högst av 290"),
        (110, 179, 290, "111:e högst av 290"),
        (120, 169, 290, "121:a högst av 290"),
        (280, 2, 290, "delad 3:e lägst av 290"),
        (144, 144, 289, "145:e högst av 289"),
        (0, 0, 290, "lika för alla 290"),
        (0, 0, 1, "den enda med värde"),
    ],
)
def test_how_a_place_is_said(above: int, below: int, of_n: int, words: str) -> None:
    assert said(above, below, of_n) == words


def test_every_place_of_the_release_is_that_of_the_values(release: Path, counted: pl.DataFrame) -> None:
    told = query(
        release,
        "select c.indicator_id, c.area_id, c.year, c.sex, c.rank_from_highest, c.rank_from_lowest, c.of_n, c.place_sv, "
        "c.rank, i.polarity from comparison as c join indicator as i using (indicator_id) where c.rank is not null",
    )
    both = counted.join(told, on=KEY, how="full", coalesce=True)
    wrong = both.filter(
        pl.col("place").ne_missing(pl.col("place_sv"))
        | (pl.col("rank_from_highest") != pl.col("above") + 1)
        | (pl.col("rank_from_lowest") != pl.col("below") + 1)
        | (pl.col("of_n_right") != pl.col("of_n"))
        | (
            pl.col("rank")
            != pl.when(pl.col("polarity") == "lower_better").then(pl.col("below")).otherwise(pl.col("above")) + 1
        )
    )
    assert wrong.is_empty(), wrong.head(5)
    assert both.height > 700_000
    assert all(both["place_sv"].str.contains(word).any() for word in ("högst", "lägst", "delad"))


def test_every_sentence_of_a_profile_is_true(release: Path, counted: pl.DataFrame) -> None:
    sentences = [
        (indicator, path.stem, int(year), "T", unescape(place))
        for path in sorted((release / "site" / "omrade").glob("*.html"))
        for indicator, year, place in SENTENCE.findall(path.read_text(encoding="utf-8"))
    ]
    told = pl.DataFrame(sentences, schema=[*KEY, "told"], orient="row")
    both = told.cast({"year": pl.Int32}).join(counted.cast({"year": pl.Int32}), on=KEY, how="left")
    wrong = both.filter(pl.col("told").ne_missing(pl.col("place")))
    assert wrong.is_empty(), wrong.head(5)
    assert both.height > 300


def test_every_place_in_the_tables_that_bars_and_maps_are_drawn_from_is_true(
    release: Path, counted: pl.DataFrame
) -> None:
    cells = []
    for path in sorted((release / "site" / "nyckeltal").glob("*.html")):
        text = path.read_text(encoding="utf-8")
        if (head := HEAD_OF_BARS.search(text)) and head[1] == "kommuner":
            cells += [
                (path.stem, area, int(head[2]), "T", None if place == "–" else place, int(number) if number else None)
                for area, number, place in CELL.findall(text)
            ]
    told = pl.DataFrame(cells, schema=[*KEY, "told", "number"], orient="row")
    both = told.cast({"year": pl.Int32}).join(counted.cast({"year": pl.Int32}), on=KEY, how="left")
    wrong = both.filter(pl.col("told").ne_missing(pl.col("place")) | (pl.col("number") != pl.col("above") + 1))
    assert wrong.is_empty(), wrong.head(5)
    assert both["told"].drop_nulls().len() > 35_000


def test_no_page_says_a_place_without_its_end(release: Path) -> None:
    found = {
        (path.name, match)
        for path in sorted((release / "site").rglob("*.html"))
        for match in WITHOUT_END.findall(path.read_text(encoding="utf-8"))
    }
    assert found == set()


def test_pictures_take_places_from_the_table_and_count_none() -> None:
    scripts = {p.name: p.read_text(encoding="utf-8") for p in (ROOT / "pipelines/site/static").glob("*.js")}
    counting = {name for name, text in scripts.items() if re.search(r"\bplats \$\{|\.rank\b", text)}
    assert counting == set()
    assert "row.shown.rank_from_highest" in scripts["bars.js"]
