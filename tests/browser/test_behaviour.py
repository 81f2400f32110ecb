"""What the script does beside drawing: search, sorting, downloads, choosing areas, Jämför, sizes."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from pipelines.text.normalise import code
from tests.browser import reading, small_site
from tests.support.browser import DESK, PHONE, violations, watched

PAGES = ["index.html", "figurer.html", f"jamfor.html#omraden=1480,0000&nyckeltal={small_site.SAFE}&kon=K"]
SHARED_BYTES = 900_000


def hits(page: Page) -> list[str]:
    return page.locator("#sok-traffar a").all_inner_texts()


def downloaded(page: Page, button: str = "button.download") -> bytes:
    with page.expect_download() as waiting:
        page.locator(button).first.click()
    return Path(waiting.value.path()).read_bytes()


def test_search_finds_with_and_without_dots_and_rings(browser: Browser, site: Path) -> None:
    with watched(browser, site) as seen:
        page = seen.open("index.html")
        field = page.locator("#sok")
        found = []
        for typed in ("Hemtjänst", "hemtjanst", "HEMTJANST"):
            field.fill(typed)
            found.append(hits(page))
        assert found[0] == found[1] == found[2]
        assert any("hemtjänst" in hit.lower() for hit in found[0])
        assert page.get_by_role("status").inner_text().startswith("Visar 12 av ")
        assert page.get_by_role("status").evaluate("node => node.clientHeight") > 10, "it is seen, not only heard"

        field.fill("gö")
        assert all("Gö" in hit or "gö" in hit for hit in hits(page)[:3]), (
            "what is typed with dots is found with dots first"
        )
        field.fill("ocker")
        assert hits(page)[0] == "Öckerö Kommun"
        assert page.locator("#sok-traffar a").first.get_attribute("href") == "omrade/1407.html"
        field.fill("1480")
        assert hits(page)[0].startswith("Göteborg")
        field.fill("trygghet hemtjänst")
        assert page.locator("#sok-traffar a").first.get_attribute("href") == "nyckeltal/trygghet_hemtjanst.html"
        for typed in ("U21505", "trygghet_hemtjanst"):
            field.fill(typed)
            assert page.locator("#sok-traffar a").first.get_attribute("href") == "nyckeltal/trygghet_hemtjanst.html"
        field.fill("gbg")
        assert hits(page)[0].startswith("Göteborg")
        field.fill("säbo")
        assert "särskilt boende" in hits(page)[0].lower()
        field.fill("öckerö 1407")
        assert page.get_by_role("status").inner_text() == "1 träff"
        field.fill("<b>finns inte")
        assert hits(page) == []
        assert page.get_by_role("status").inner_text().startswith("Inga träffar")
        field.fill("hemjänst")
        assert page.get_by_role("status").inner_text() == "Inga träffar. Menade du hemtjänst?"


def test_search_by_keyboard(browser: Browser, site: Path) -> None:
    with watched(browser, site) as seen:
        page = seen.open("index.html")
        page.locator("#sok").fill("göte")
        page.keyboard.press("ArrowDown")
        first = page.evaluate("document.activeElement.textContent")
        assert first == hits(page)[0]
        page.keyboard.press("ArrowDown")
        assert page.evaluate("document.activeElement.textContent") == hits(page)[1]
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.id") == "sok"


def test_a_table_is_sorted_either_way_and_what_is_missing_stays_last(browser: Browser, site: Path) -> None:
    def names(page: Page) -> list[str]:
        return page.locator("tbody th").all_inner_texts()

    with watched(browser, site) as seen:
        page = seen.open("index.html")
        value = page.get_by_role("button", name="Värde")
        value.click()
        assert names(page) == ["Öckerö", "-3", "Åmål", '=Ale; "ett"']
        assert page.locator("th[data-field=value]").get_attribute("aria-sort") == "descending"
        value.click()
        assert names(page) == ["Åmål", "-3", "Öckerö", '=Ale; "ett"']
        page.get_by_role("button", name="Sortera efter Kommun").press("Enter")
        assert page.locator("th a").count() == 1, "a head that is a link stays one"
        assert names(page)[-2:] == ["Åmål", "Öckerö"]
        assert page.locator("th[aria-sort]").count() == 1


def test_a_download_is_for_a_swedish_spreadsheet_and_holds_no_formula(browser: Browser, site: Path) -> None:
    with watched(browser, site, accept_downloads=True) as seen:
        given = downloaded(seen.open("index.html"))
    assert given == ('\ufeffname;value\r\nÖckerö;1234,5\r\n"\'=Ale; ""ett""";\r\nÅmål;-2,25\r\n-3;9\r\n'.encode())


def test_a_download_equals_the_table_behind_the_picture(browser: Browser, site: Path) -> None:
    with watched(browser, site, accept_downloads=True) as seen:
        page = seen.open("figurer.html")
        figure = page.locator("figure.chart").first
        figure.locator("summary").click()
        text = downloaded(page).decode("utf-8-sig")
        told = reading.table_of(figure)
    rows = list(csv.DictReader(text.splitlines(), delimiter=";"))
    written = [{k: row[k].replace(",", ".") for k in told[0]} for row in rows]
    assert [{**row, "area_id": code(row["area_id"])} for row in written] == told
    (goteborg,) = [r for r in rows if r["area_id"] == "SE_1480" and r["year"] == "2022"]
    assert goteborg["value"].startswith("290766")
    assert goteborg["indicator_id"] == small_site.COST
    assert (goteborg["unit"], goteborg["sex_label"]) == ("kr/inv 80+", "Totalt")
    assert goteborg["title_sv"].startswith("Kostnad")
    assert goteborg["attribution"] == "Källa: Kolada"
    assert {r["attribution"][:27] for r in rows if r["area_id"] == "GR"} == {"Egen beräkning av gruppvärd"}


def test_what_is_compared_says_where_it_comes_from(browser: Browser, site: Path) -> None:
    with watched(browser, site, accept_downloads=True) as seen:
        page = seen.open(f"jamfor.html#omraden=1480,GR&nyckeltal={small_site.SAFE}&kon=T")
        figure = page.locator("figure.chart")
        figure.locator(".drawing").wait_for()
        note = figure.locator("p.note", has_text="Källa: Kolada").inner_text()
        figure.locator("summary").click()
        rows = list(csv.DictReader(downloaded(page).decode("utf-8-sig").splitlines(), delimiter=";"))
    cited = {row["area_id"]: row["attribution"] for row in rows}
    assert cited["SE_1480"] == "Källa: Kolada"
    assert cited["GR"].startswith("Egen beräkning av gruppvärde (vägt medel eller summa); underlag: Kolada, Rådet för ")
    assert all(text in note for text in cited.values())
    assert {row["sex_label"] for row in rows} == {"Totalt"}
    assert {row["indicator_id"] for row in rows} == {small_site.SAFE}


def test_an_area_is_added_to_a_picture_and_to_its_table(browser: Browser, site: Path) -> None:
    with watched(browser, site, accept_downloads=True) as seen:
        page = seen.open("figurer.html")
        figure = page.locator("figure.chart").first
        before = len(reading.table_of(figure))
        figure.get_by_role("combobox", name="Lägg till område").fill("molnd")
        figure.get_by_role("option", name="Mölndal").first.wait_for()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        figure.get_by_role("button", name="Ta bort Mölndal").wait_for()
        figure.locator('.picture[data-drawn="2"]').wait_for()

        added = [row for row in reading.table_of(figure) if row["area_id"] == "1481"]
        assert len(added) > 15
        assert "Mölndal" in {text for text, _, _ in reading.texts_at(figure, "mark-text.role-mark")}
        shown = {round(value) for year, value in reading.points_of(figure) if round(year) == 2022}
        (newest,) = [float(row["value"]) for row in added if row["year"] == "2022"]
        assert min(abs(value - newest) for value in shown) < 600

        figure.get_by_role("button", name="Ta bort Mölndal").click()
        assert len(reading.table_of(figure)) == before
        figure.locator("summary").click()
        assert b"SE_1481;" not in downloaded(page)


def test_colours_stay_when_the_table_is_sorted_otherwise(browser: Browser, site: Path) -> None:
    with watched(browser, site) as seen:
        page = seen.open("figurer.html")
        figure = page.locator("figure.chart").first
        figure.locator(".picture[data-drawn]").wait_for()
        labels = figure.locator(".mark-text.role-mark > text")
        before = labels.evaluate_all("ns => ns.map(n => n.textContent + n.getAttribute('fill'))")
        figure.locator("summary").click()
        figure.get_by_role("button", name="value").click()
        page.set_viewport_size({"width": 1000, "height": 900})
        figure.locator('.picture[data-drawn="2"]').wait_for()
        assert labels.evaluate_all("ns => ns.map(n => n.textContent + n.getAttribute('fill'))") == before


def test_what_is_compared_is_chosen_by_keyboard_and_survives_a_reload(browser: Browser, site: Path) -> None:
    with watched(browser, site) as seen:
        page = seen.open("jamfor.html")
        assert "Välj minst ett område" in page.locator("#jamfor-resultat").inner_text()
        for field, typed in (
            ("Lägg till område", "göteborg"),
            ("Lägg till område", "riket"),
            ("Lägg till nyckeltal", "trygghet hemtjanst"),
        ):
            page.get_by_role("combobox", name=field).fill(typed)
            page.keyboard.press("Enter")
        page.get_by_label("Från").select_option("2014")
        page.get_by_label("Kön").select_option("K")
        figure = page.locator("figure.chart")
        figure.locator(".drawing").wait_for()
        told = reading.table_of(figure)
        assert {row["area_name"] for row in told} >= {"Göteborg"}
        assert min(row["year"] for row in told) == "2014"
        address = page.url
        assert "nyckeltal=trygghet_hemtjanst" in address
        assert address.endswith("&ar=2014-&kon=K")

        page.reload()
        figure.locator(".drawing").wait_for()
        assert page.url == address
        assert reading.table_of(figure) == told
        assert page.get_by_label("Kön").input_value() == "K"
        page.get_by_role("button", name="Ta bort Göteborg").first.click()
        page.get_by_role("button", name="Ta bort Göteborg").wait_for(state="detached")
        assert "1480" not in page.url


def test_a_shared_address_shows_the_releases_own_values(browser: Browser, site: Path) -> None:
    with watched(browser, site) as seen:
        page = seen.open(f"jamfor.html#omraden=1480,GR&nyckeltal={small_site.COST}&ar=2020-2022&kon=T")
        figure = page.locator("figure.chart")
        figure.locator(".drawing").wait_for()
        told = reading.table_of(figure)
        assert [(r["area_id"], r["year"]) for r in told] == [
            (a, str(y)) for a in ("1480", "GR") for y in (2020, 2021, 2022)
        ]
        assert told[2]["value"].startswith("290766")
        assert round(float(told[5]["value"]), 1) == 262079.1


def test_an_address_that_names_what_does_not_exist_says_so(browser: Browser, site: Path) -> None:
    with watched(browser, site) as seen:
        page = seen.open("jamfor.html#omraden=1480&nyckeltal=finns_inte,%3Cb%3E&kon=Z")
        page.get_by_text("finns_inte har inga värden").wait_for()
        assert page.locator("b", has_text="har inga").count() == 0


def test_without_the_library_everything_else_works(browser: Browser, site: Path) -> None:
    with watched(browser, site) as seen:
        page = seen.open("utan_bilder.html")
        page.locator("#sok").fill("hemtjanst")
        assert hits(page)
        assert page.locator(".sort").count() > 0
        assert page.locator(".drawing").count() == 0
        assert page.locator("#utgava").inner_text() == "Utgåva r, 26 november 2026"


def test_the_shared_scripts_are_small(site: Path) -> None:
    sizes = {path.name: path.stat().st_size for path in (site / "assets").glob("*.js")}
    assert set(sizes) == {"vega.js", "charts.js", "index.js", "release.js"}
    assert sum(sizes.values()) <= SHARED_BYTES


@pytest.mark.parametrize("name", PAGES, ids=["start", "figures", "compare"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_shuts_anyone_out(browser: Browser, site: Path, name: str, size: tuple[int, int], dark: bool) -> None:
    with watched(browser, site, size, dark=dark) as seen:
        page = seen.open(name)
        seen.see_all()
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
