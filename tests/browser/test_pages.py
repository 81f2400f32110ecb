"""The pages of the whole release in a real browser: each kind of page, on a phone and at a desk, light and dark.

Screenshots are kept in `test-output/screenshots`, to be looked at.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from pipelines.reading.reader import query
from pipelines.settings import ROOT, Settings
from pipelines.storage import release_pointer
from pipelines.text.normalise import code
from tests.support.browser import DESK, PHONE, violations, watched

pytestmark = pytest.mark.slow

SCREENSHOTS = ROOT / "test-output" / "screenshots"
COST = "kostnad_aldreomsorg_per_inv_80"
CHOICE = f"jamfor.html#omraden=1480,GR,0000&nyckeltal={COST},trygghet_hemtjanst&ar=2012-2022&kon=T"
# Others of a kind, each tried in one window for a phone and one for a desk.
VARIANTS = {
    "grupp": "omrade/GR.html",
    "lan": "omrade/14.html",
    "region": "omrade/0014.html",
    "riket": "omrade/0000.html",
    "nyckeltal-region": "nyckeltal/akutbesok_80_region.html",
    "nyckeltal-utan-varden": "nyckeltal/andel_chefer_ledarutbildning.html",
}
KINDS = {
    "start": "index.html",
    "kommuner": "kommuner.html",
    "kommun": "omrade/1480.html",
    "nyckeltal-lista": "nyckeltal.html",
    "nyckeltal": "nyckeltal/andel_hemtjanst_80.html",
    "jamfor": CHOICE,
    "reformen": "reformen.html",
    "studie": "studie/kostnad_aldreomsorg_gr.html",
    "luckor": "luckor.html",
    "kvalitet": "kvalitet.html",
    "kontroller": "kontroller.html",
    "andringar": "andringar.html",
    "om": "om.html",
}


@pytest.fixture(scope="module")
def release(full_release: Settings) -> Path:
    return release_pointer.current_folder(full_release.releases_dir)


@pytest.fixture(scope="module")
def pages(release: Path) -> Path:
    """The site of the whole release, as users get it."""
    return release / "site"


WINDOWS = [
    *((kind, size, dark) for kind in KINDS for size in (DESK, PHONE) for dark in (False, True)),
    *((kind, size, size == PHONE) for kind in VARIANTS for size in (DESK, PHONE)),
]


def named(kind: str, size: tuple[int, int], dark: bool) -> str:
    return f"{kind}-{'phone' if size == PHONE else 'desk'}-{'dark' if dark else 'light'}"


@pytest.mark.parametrize(("kind", "size", "dark"), WINDOWS, ids=[named(*w) for w in WINDOWS])
def test_every_kind_of_page_is_whole_and_open_to_all(
    browser: Browser, pages: Path, kind: str, size: tuple[int, int], dark: bool
) -> None:
    with watched(browser, pages, size, dark=dark) as seen:
        page = seen.open((KINDS | VARIANTS)[kind])
        seen.see_all()
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{named(kind, size, dark)}.png")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        assert page.locator("h1").count() == 1
        assert page.locator("#utgava").inner_text().startswith("Utgåva ")


def test_all_pictures_of_an_indicator_are_drawn(browser: Browser, pages: Path) -> None:
    with watched(browser, pages) as seen:
        page = seen.open(KINDS["nyckeltal"])
        seen.see_all()
        for kind in ("serie", "multiplar", "karta", "karta_gr", "rang"):
            drawn = page.locator(f'figure[data-chart="{kind}"] .picture [role="img"]').first
            assert drawn.get_attribute("aria-label"), kind


@pytest.mark.parametrize("typed", ["hemtjanst", "Hemtjänst"])
def test_search_leads_from_the_start_to_an_indicator(browser: Browser, pages: Path, typed: str) -> None:
    with watched(browser, pages) as seen:
        page = seen.open("index.html")
        page.locator("#sok").fill(typed)
        hit = page.locator("#sok-traffar a").first
        assert "hemtjänst" in hit.inner_text().lower()
        hit.click()
        page.wait_for_url("**/nyckeltal/*.html")
        assert "hemtjänst" in page.locator("h1").inner_text().lower()


def test_what_was_chosen_to_compare_survives_a_reload(browser: Browser, pages: Path) -> None:
    def shown(page: Page) -> list[list[str]]:
        page.locator("#jamfor-resultat figure").nth(1).wait_for()
        return [table.all_text_contents() for table in page.locator("#jamfor-resultat table").all()]

    with watched(browser, pages) as seen:
        page = seen.open(CHOICE)
        before = shown(page)
        page.reload()
        assert shown(page) == before
        assert "omraden=1480,GR,0000" in page.url


def test_a_download_equals_the_query(browser: Browser, pages: Path, release: Path) -> None:
    with watched(browser, pages) as seen:
        page = seen.open(f"nyckeltal/{COST}.html")
        figure = page.locator("#rang")
        figure.locator("summary").click()
        with page.expect_download() as waiting:
            figure.locator("button.download").click()
        text = Path(waiting.value.path()).read_text(encoding="utf-8-sig")
    read = {code(row["area_id"]): row["value"] for row in csv.DictReader(io.StringIO(text), delimiter=";")}
    wanted = query(
        release,
        "select area_id, value from observation_wide where indicator_id = $1 and year = 2022 and sex = 'T' "
        "and area_type = 'municipality'",
        [COST],
    )
    assert len(read) == 290
    assert {a: float(v.replace(",", ".")) if v else None for a, v in read.items()} == dict(wanted.iter_rows())


def test_a_profile_prints_on_a4_with_all_its_themes(browser: Browser, pages: Path) -> None:
    with watched(browser, pages) as seen:
        page = seen.open(KINDS["kommun"])
        page.emulate_media(media="print")
        assert not page.locator("nav[aria-label='Huvudmeny']").is_visible()
        assert page.locator("table.profile").first.is_visible()
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        printed = page.pdf(path=SCREENSHOTS / "kommun.pdf", prefer_css_page_size=True)
    assert printed.startswith(b"%PDF")


def test_everything_is_there_before_any_script(browser: Browser, pages: Path) -> None:
    with watched(browser, pages, java_script_enabled=False) as seen:
        page = seen.open(KINDS["kommun"])
        assert "290\u00a0766" in page.locator("main").inner_text()
        page = seen.open(f"nyckeltal/{COST}.html")
        page.locator("#rang summary").click()
        assert page.locator("#rang tbody tr").count() == 290
