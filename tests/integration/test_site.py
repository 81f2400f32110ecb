"""The pages of a release: every link leads somewhere, every number is the release's, only what changed is written."""

from __future__ import annotations

import json
import posixpath
import re
import shutil
from html import unescape
from pathlib import Path
from xml.etree import ElementTree as ET

import duckdb
import polars as pl
import pytest

from indicators.model.words import CAUTIONS
from pipelines.commands.status_output import status_of
from pipelines.errors import UsageError
from pipelines.reading.reader import query
from pipelines.release.package_and_pages import write_parts
from pipelines.settings import Settings
from pipelines.site.rendering import build_site, write_site
from pipelines.storage import release_pointer
from pipelines.storage.files import read_json
from pipelines.storage.release_sums import FILES
from pipelines.storage.sealing import DamagedError
from pipelines.text import swedish_numbers
from pipelines.text.swedish_numbers import rounded
from tests.support.another_release import seal_anew
from tests.support.command import Place, Preloaded

PAGE_BYTES, SCRIPT_BYTES = 300_000, 900_000
LINKS = re.compile(r'<[^>]+?\b(?:href|src|action)="([^"]*)"')
IDS = re.compile(r'\bid="([^"]*)"')
RANKED = re.compile(
    r'<tr><td>(\d{4})</td><th scope="row"><a [^>]*>([^<]*)</a></th><td class="num" data-value="([^"]*)">'
)


@pytest.fixture(scope="module")
def release(full_release: Settings) -> Path:
    return release_pointer.current_folder(full_release.releases_dir)


@pytest.fixture(scope="module")
def pages(release: Path) -> dict[str, str]:
    """Every page by its place below the site."""
    site = release / "site"
    found = {str(p.relative_to(site)): p.read_text(encoding="utf-8") for p in sorted(site.rglob("*.html"))}
    assert len(found) > 500
    return found


@pytest.mark.slow
def test_every_link_leads_to_a_file_of_the_site_and_to_a_place_in_it(release: Path, pages: dict[str, str]) -> None:
    site = release / "site"
    there = {str(p.relative_to(site)) for p in site.rglob("*") if p.is_file()}
    ids = {name: set(IDS.findall(text)) for name, text in pages.items()}
    astray = set()
    for name, text in pages.items():
        for link in set(LINKS.findall(text)) - {"data:,"}:
            address, _, place = unescape(link).partition("#")
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), address)) if address else name
            is_choice = target == "jamfor.html"  # what follows the sign is then a choice, not a place
            if target not in there or (place and not is_choice and place not in ids[target]):
                astray.add((name, link))
    assert astray == set()


@pytest.mark.slow
def test_every_kind_of_page_is_there(release: Path, pages: dict[str, str]) -> None:
    areas = query(release, "select distinct area_id from observation_wide where value is not null")["area_id"]
    indicators = query(release, "select indicator_id from indicator")["indicator_id"]
    studies = query(release, "select study_id from study")["study_id"]
    single = [
        "index",
        "kommuner",
        "nyckeltal",
        "jamfor",
        "reformen",
        "luckor",
        "kvalitet",
        "kontroller",
        "andringar",
        "om",
    ]
    wanted = {
        *(f"{name}.html" for name in single),
        *(f"omrade/{a}.html" for a in areas),
        *(f"nyckeltal/{i}.html" for i in indicators),
        *(f"studie/{s}.html" for s in studies),
    }
    assert set(pages) == wanted


@pytest.mark.slow
def test_pages_and_scripts_are_light(release: Path, pages: dict[str, str]) -> None:
    heavy = {name: len(text.encode()) for name, text in pages.items() if len(text.encode()) > PAGE_BYTES}
    assert heavy == {}
    shared = sum(p.stat().st_size for p in (release / "site/assets").glob("*.js"))
    assert shared <= SCRIPT_BYTES


@pytest.mark.slow
def test_no_id_stands_twice_on_a_page(pages: dict[str, str]) -> None:
    twice = {name: sorted(i) for name, text in pages.items() if len(i := IDS.findall(text)) != len(set(i))}
    assert twice == {}


@pytest.mark.slow
def test_the_tables_behind_the_bars_are_the_release(release: Path, pages: dict[str, str]) -> None:
    shown = pl.DataFrame(
        [
            (name.removeprefix("nyckeltal/").removesuffix(".html"), area, unescape(title), value or None)
            for name, text in pages.items()
            if name.startswith("nyckeltal/")
            for area, title, value in RANKED.findall(text)
        ],
        schema={"indicator_id": pl.String, "area_id": pl.String, "area_name": pl.String, "value": pl.String},
        orient="row",
    ).with_columns(pl.col("value").cast(pl.Float64))
    wanted = query(
        release,
        """
        with kinds as (
            select indicator_id, max(area_type = 'municipality') as has_municipalities
            from observation_wide where sex = 'T' and value is not null group by all
        ),
        chosen as (
            select o.* from observation_wide as o join kinds as k using (indicator_id)
            where o.sex = 'T' and o.area_type = case when has_municipalities then 'municipality' else 'region' end
        )
        select indicator_id, area_id, area_name, case when caution is null then value end as value from chosen as c
        where year = (
            select max(year) from chosen as d where d.indicator_id = c.indicator_id and d.value is not null
        )
        """,
    )
    key = ["indicator_id", "area_id"]
    assert shown.height > 40_000
    assert shown.sort(key).equals(wanted.sort(key))


@pytest.mark.slow
def test_the_data_of_chosen_areas_are_the_release(release: Path) -> None:
    rows = []
    for path in sorted((release / "site/data").glob("*.js")):
        text = path.read_text(encoding="utf-8")
        content = json.loads(text[text.index("]=") + 2 :].rstrip(";\n"))
        for sex, of_areas in content["value"].items():
            for area, of_years in zip(content["areas"], of_areas, strict=True):
                rows += [
                    (path.stem, area, year, sex, value)
                    for year, value in zip(content["years"], of_years, strict=True)
                    if value is not None
                ]
    shown = pl.DataFrame(
        rows,
        schema={
            "indicator_id": pl.String, "area_id": pl.String, "year": pl.Int32, "sex": pl.String, "value": pl.Float64
        },
        orient="row",
    )  # fmt: skip
    wanted = query(
        release,
        "select indicator_id, area_id, year, sex, value from observation_wide "
        "where value is not null and caution is null and area_type <> 'unit'",
    )
    key = ["indicator_id", "area_id", "year", "sex"]
    assert shown.height > 1_000_000
    assert shown.sort(key).equals(wanted.sort(key))


@pytest.mark.slow
def test_no_page_shows_what_only_the_code_calls_so(pages: dict[str, str]) -> None:
    shown = {name: re.sub(r"<(script|code)[^>]*>.*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL)
             for name, text in pages.items()}  # fmt: skip
    raw = re.compile(r"\b(None|nan|own_history|similar_areas|mean_effect|level_change|andel_av_kostnad)\b")
    assert {name: found for name, text in shown.items() if (found := raw.findall(text))} == {}


@pytest.mark.slow
def test_a_profile_tells_the_values_and_what_they_are_compared_with(pages: dict[str, str]) -> None:
    row = re.search(r"kostnad_aldreomsorg_per_inv_80\.html.*?</tr>", pages["omrade/1480.html"], flags=re.DOTALL)
    assert row is not None
    text = re.sub(r"<[^>]+>", " ", row[0]).replace("\u00a0", " ")
    for part in ("290 766", "2022", "251 803", "245 977", "262 079"):  # value, year, nation, likes, GR
        assert part in text


@pytest.mark.slow
def test_a_median_of_fewer_than_all_similar_municipalities_says_of_how_many(
    release: Path, pages: dict[str, str]
) -> None:
    told = query(
        release,
        "select indicator_id, area_id, similar_n from comparison join area using (area_id) "
        "where sex = 'T' and area_type = 'municipality' and similar_median is not null",
    )
    numbers = {key: set(rows["similar_n"]) for key, rows in told.group_by(["indicator_id", "area_id"])}
    row = re.compile(
        r'<th role="rowheader" scope="row"><a href="[^"]*/([^"/]+)\.html">.*?data-label="Liknande">(.*?)</td>'
    )
    fewer = 0
    for name, page in pages.items():
        if (area := name.removeprefix("omrade/").removesuffix(".html")).isdigit() and len(area) == 4:
            likes = len(re.findall(r"<a ", page[page.find("Liknande kommuner:") : page.find("Jämför med de tre")])) - 1
            for indicator, cell in row.findall(page.replace("\n", "")):
                said = re.search(r"av (\d+)</span>", cell)
                if said:
                    fewer += 1
                    assert int(said[1]) in numbers[indicator, area], (area, indicator)
                    assert int(said[1]) < likes
                elif re.search(r"\d", cell):
                    assert max(numbers[indicator, area]) >= likes, (area, indicator)
    assert fewer > 1000


@pytest.mark.slow
def test_what_is_missing_is_said_and_is_not_a_number(release: Path, pages: dict[str, str]) -> None:
    missing = query(
        release,
        "select indicator_id, area_id from observation_wide where area_type = 'municipality' and sex = 'T' "
        "and value is null and status = 'missing' and indicator_id = 'trygghet_hemtjanst' and year = 2022 limit 1",
    ).row(0)
    page = pages[f"nyckeltal/{missing[0]}.html"]
    row = re.search(rf"<tr><td>{missing[1]}</td>.*?</tr>", page, flags=re.DOTALL)
    assert row is not None
    assert 'data-value=""' in row[0]
    assert "källan har inget värde" in row[0]


@pytest.mark.slow
def test_the_feed_is_an_atom_feed(release: Path) -> None:
    root = ET.parse(release / "site/andringar.atom").getroot()  # noqa: S314 - our own file
    names = {child.tag.removeprefix("{http://www.w3.org/2005/Atom}") for child in root}
    assert {"id", "title", "updated", "author", "entry"} <= names
    for entry in root.iter("{http://www.w3.org/2005/Atom}entry"):
        assert {child.tag.split("}")[1] for child in entry} >= {"id", "title", "updated", "content"}


@pytest.mark.slow
def test_what_is_said_of_the_spread_is_true_of_the_values_as_they_are_shown(
    release: Path, pages: dict[str, str]
) -> None:
    values = query(
        release,
        "select indicator_id, year, decimals, value from observation join indicator using (indicator_id) "
        "join area using (area_id) where sex = 'T' and area_type = 'municipality' and value is not null "
        "and caution is null and (indicator_id, year) in (select (indicator_id, max(year)) from equity "
        "where sex = 'T' group by indicator_id)",
    )
    said = 0
    for (indicator, year, decimals), rows in values.group_by(["indicator_id", "year", "decimals"]):
        page = pages[f"nyckeltal/{indicator}.html"]
        sentence = re.search(r"<p>Spridning (\d{4}): ([^<]*)</p>", page)
        assert sentence is not None, indicator
        assert int(sentence[1]) == year
        assert " under " not in sentence[2]
        assert " över " not in sentence[2]
        assert not re.search("\u00a0\\d+–\\d", sentence[2]), f"{indicator}: a scale runs into the number"
        low, middle, high = (
            _read(re.search(rf"{before} har ([−\d,\u00a0]+)", sentence[2]))
            for before in ("kommunerna", "hälften", "och minst en tiondel")
        )
        shown = [float(rounded(value, decimals)) for value in rows["value"]]
        assert sum(v <= low for v in shown) >= len(shown) / 10, indicator
        assert sum(v <= middle for v in shown) >= len(shown) / 2, indicator
        assert sum(v >= high for v in shown) >= len(shown) / 10, indicator
        said += 1
    assert said > 100


def _read(found: re.Match[str] | None) -> float:
    assert found is not None
    return float(found[1].replace("\u00a0", "").replace(",", ".").replace("−", "-"))


@pytest.mark.slow
def test_the_small_pictures_name_the_nation_and_the_municipalities_that_they_show(
    release: Path, pages: dict[str, str]
) -> None:
    known = query(
        release,
        "select indicator_id, bool_or(area_id = '0000') as nation, count(distinct area_id) filter ("
        "area_id in (select area_id from area_membership where group_id = 'GR' and valid_to is null)) as n "
        "from observation where sex = 'T' and value is not null and caution is null group by 1 having n > 0",
    )
    told = {row["indicator_id"]: row for row in known.to_dicts()}
    captions = {
        name.removeprefix("nyckeltal/").removesuffix(".html"): found[1]
        for name, text in pages.items()
        if (found := re.search(r'id="multiplar".*?<figcaption>([^<]*)</figcaption>', text, flags=re.DOTALL))
    }
    assert captions.keys() == told.keys()
    for indicator, caption in captions.items():
        assert ("riket" in caption) == told[indicator]["nation"], indicator
        assert ("De 13" in caption) == (told[indicator]["n"] == 13), indicator
        assert str(told[indicator]["n"]) in caption


@pytest.mark.slow
def test_the_page_of_quality_and_status_count_cautions_alike(
    full_release: Settings, release: Path, pages: dict[str, str]
) -> None:
    (total,) = query(release, "select count(value) from observation where caution is not null").row(0)
    unpublished = query(
        release, "select caution, count(*) from observation where caution is not null and value is null group by 1"
    )
    cautions = status_of(full_release)["cautions"]
    assert sum(c["n"] for c in cautions) == total
    assert {c["caution"]: c["not_published"] for c in cautions if c["not_published"]} == dict(unpublished.rows())
    page = pages["kvalitet.html"].replace("\u00a0", " ")
    assert f"{swedish_numbers.number(total)} värden har en varning" in page
    for caution, n in unpublished.rows():
        assert f"{swedish_numbers.number(n)} värden är inte publicerade: {CAUTIONS[caution]}" in page
    assert (
        f"{total} of " in query(release, "select found from quality_result where check_id = 'caution.release'").item()
    )


@pytest.mark.slow
def test_the_page_of_checks_shows_every_check_with_what_it_asked_and_found(
    release: Path, pages: dict[str, str]
) -> None:
    row = re.compile(
        r'<tr><th scope="row"><code>(.*?)</code></th><td lang="en">(.*?)</td>'
        r'<td lang="en">(.*?)(?:<br>.*?)?</td><td>(.*?)</td>'
    )
    shown = [tuple(map(unescape, found)) for found in row.findall(pages["kontroller.html"])]
    checks = query(
        release,
        "select regexp_extract(check_id, '[^.]*$'), expected, found, if(passed, 'håller', 'håller inte') "
        "from quality_result",
    )
    assert sorted(shown) == sorted(checks.rows())
    failed = query(release, "select count(*) from quality_result where not passed").item()
    assert sum(found[3] == "håller inte" for found in shown) == failed


@pytest.mark.slow
def test_a_study_s_limits_are_those_of_the_command_and_lie_on_the_side_of_zero_that_the_verdict_says(
    full_release: Settings, pages: dict[str, str], run_cli: Preloaded
) -> None:
    limit = r"[+−]?[\d ]+(?:,\d+)?"
    estimate = re.compile(rf'<td class="num">({limit}) till ({limit})</td>(?:(?!</tr>).)*<td>([^<]*)</td></tr>')
    judged = 0
    for name, text in pages.items():
        if not name.startswith("studie/"):
            continue
        page = text.replace("\u00a0", " ")
        for low, high, verdict in estimate.findall(page):
            signs = {
                0 if not float(number) else 1 if float(number) > 0 else -1
                for number in (re.sub("[ +]", "", t).replace("−", "-").replace(",", ".") for t in (low, high))
            }
            if verdict.startswith(("Högre", "Lägre")):
                judged += 1
                assert signs == {1 if verdict.startswith("Högre") else -1}, (name, low, high, verdict)
        study = name.removeprefix("studie/").removesuffix(".html")
        done = run_cli("study", "show", study, "--data-dir", full_release.data_dir)
        on_page = {f"{low} till {high}" for low, high, _ in estimate.findall(page)}
        results = done.text.split("Att hålla i minnet")[0]
        assert [i for i in on_page if i not in results] == [], name
    assert judged > 5


@pytest.mark.slow
def test_one_member_is_one_member(pages: dict[str, str]) -> None:
    counted = [
        found[0] for text in pages.values() if (found := re.findall(r"<summary>(\d+ medlem\w*)</summary>", text))
    ]
    assert len(counted) > 20
    assert [c for c in counted if (c.split()[0] == "1") != (c.split()[1] == "medlem")] == []


def changed(folder: Path, place: Place, sql: str) -> Path:
    """A copy of a small release in which something is otherwise."""
    standing = release_pointer.current_folder(place.settings.releases_dir)
    shutil.copytree(standing, folder)
    with duckdb.connect(str(folder / release_pointer.DATABASE)) as con:
        con.execute(sql)
    seal_anew(folder)
    return folder


def files(folder: Path) -> dict[str, str]:
    return {name: kept["sha256"] for name, kept in read_json(folder / FILES).items()}


def test_after_a_change_only_what_shows_it_is_written(base: Place, tmp_path: Path) -> None:
    release = release_pointer.current_folder(base.settings.releases_dir)
    build_site(release, tmp_path / "1", None)
    another = changed(
        tmp_path / "release",
        base,
        "update observation set value = value + 1 "
        "where indicator_id = 'trygghet_hemtjanst' and area_id = '1480' and year = 2022 and sex = 'T'",
    )

    _, written = build_site(another, tmp_path / "2", tmp_path / "1")

    before, after = files(tmp_path / "1"), files(tmp_path / "2")
    assert {name for name in after if after[name] != before[name]} == {
        "index.html", "omrade/1480.html", "nyckeltal/trygghet_hemtjanst.html", "data/trygghet_hemtjanst.js"
    }  # fmt: skip
    assert written == 4
    assert (tmp_path / "1/om.html").samefile(tmp_path / "2/om.html")


def test_names_are_text_whatever_they_hold(base: Place, tmp_path: Path) -> None:
    name = '<script>alert(1)</script>&"'
    release = changed(tmp_path / "release", base, f"update area set name = '{name}' where area_id = '1480'")

    build_site(release, tmp_path / "site", None)

    page = (tmp_path / "site/omrade/1480.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;&#34;" in page
    index = (tmp_path / "site/assets/index.js").read_text(encoding="utf-8")
    areas = json.loads(index[index.index("=") + 1 :].rstrip(";\n"))["areas"]
    assert [a["name"] for a in areas if a["id"] == "1480"] == [name]


def test_a_folder_of_something_else_is_not_replaced(base: Place, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept", encoding="utf-8")

    with pytest.raises(UsageError, match="something else"):
        write_site(release_pointer.current_folder(base.settings.releases_dir), tmp_path)

    assert (tmp_path / "mine.txt").read_text(encoding="utf-8") == "kept"


def test_a_part_that_fails_fails_the_release(tmp_path: Path) -> None:
    with pytest.raises(DamagedError, match="a record is missing"):
        write_parts(["site"], tmp_path, None)


def test_what_an_ended_run_left_beside_the_folder_is_in_nobodys_way(base: Place, tmp_path: Path) -> None:
    release, target = release_pointer.current_folder(base.settings.releases_dir), tmp_path / "site"
    for left in (".site.new.tmp", ".site.old.tmp"):
        (tmp_path / left).mkdir()
        (tmp_path / left / "index.html").write_text("half", encoding="utf-8")

    write_site(release, target)

    assert [p.name for p in tmp_path.iterdir()] == ["site"]
    assert write_site(release, target)[1] == 0
