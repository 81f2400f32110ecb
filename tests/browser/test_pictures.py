"""The pictures say what their tables say: every kind, by its own axes and keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator

from tests.browser import reading, small_site
from tests.support.browser import DESK, PHONE, Watched, watched

SCREENS = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])


@pytest.fixture(scope="module")
def seen(browser: Browser, site: Path) -> Iterator[Watched]:
    """The page of all figures on a desk, with every picture drawn; only to be read."""
    with watched(browser, site) as page:
        page.open("figurer.html")
        page.see_all()
        yield page


def figure(seen: Watched, caption: str) -> Locator:
    return seen.page.locator("figure.chart", has=seen.page.locator("figcaption").filter(has_text=caption))


def test_every_kind_is_drawn_and_named(seen: Watched) -> None:
    figures = seen.page.locator("figure.chart")
    assert figures.count() == 11
    for n in range(figures.count()):
        images = figures.nth(n).locator(".picture [role=img]")
        caption = figures.nth(n).locator("figcaption").inner_text()
        assert images.count() >= 1, caption
        name = images.first.get_attribute("aria-label") or ""
        assert name.startswith(caption)
        assert len(name) > len(caption) + 15, "a name says what the picture shows, too"
        assert images.first.locator("svg path, svg line, svg rect").count() > 4


def test_dots_stand_where_the_table_says(seen: Watched) -> None:
    of = figure(seen, "Kostnad för äldreomsorg")
    told = sorted((int(row["year"]), float(row["value"])) for row in reading.table_of(of) if row["value"])

    shown = sorted((round(year), value) for year, value in reading.points_of(of))

    assert len(told) > 60
    assert [year for year, _ in shown] == [year for year, _ in told]
    assert sorted(v for _, v in shown) == pytest.approx(sorted(v for _, v in told), abs=600)  # half a pixel


def test_a_line_stops_at_breaks_and_gaps(browser: Browser, site: Path) -> None:
    with watched(browser, site) as seen:
        page = seen.open("brott.html")
        seen.see_all()
        lines = page.locator(".mark-line path").evaluate_all("ns => ns.map(n => n.getAttribute('d'))")
        # 2010–2011, gap, 2013–2014, break, 2015–2016, and 2018 alone, by the figure's own break at 2018.
        assert sorted(len(d.split("L")) - 1 for d in lines if "L" in d) == [1, 1, 1]
        assert len(reading.points_of(page.locator("figure"))) == 7
        # Intervals: 2010–2011 as a band, 2018 as a rule.
        bands = page.locator(".mark-area path").evaluate_all("ns => ns.map(n => n.getAttribute('d'))")
        assert len([d for d in bands if d.count("L") >= 3]) == 1
        rules = page.locator(".mark-rule line").evaluate_all("ns => ns.map(n => n.getAttribute('stroke-width'))")
        assert rules.count("7") == 1
        told = page.locator(".explained").inner_text()
        assert "Brott 2018: Ny metod" in told


def test_series_differ_by_pattern_and_not_by_colour_alone(seen: Watched) -> None:
    of = figure(seen, "Kostnad för äldreomsorg")
    looks = of.locator(".mark-line path").evaluate_all(
        "ns => ns.map(n => [n.getAttribute('stroke'), n.getAttribute('stroke-dasharray')])"
    )
    by_colour = dict(map(tuple, looks))
    assert len(by_colour) == 4
    assert len(set(by_colour.values())) == 4
    assert {text for text, _, _ in reading.texts_at(of, "mark-text.role-mark")} >= {"Göteborg", "Öckerö", "Riket"}


def test_events_are_told(seen: Watched) -> None:
    of = figure(seen, "Kostnad för äldreomsorg")
    spans = of.locator(".mark-rect path").count()
    assert spans == 1
    assert "Pandemin" in of.locator(".picture").inner_text()
    assert of.locator(".mark-rule line").evaluate_all("ns => ns.length") >= 3


def test_bars_are_ranked_and_show_what_the_table_says(seen: Watched) -> None:
    of = figure(seen, "Kostnad i GR")
    rows = sorted(reading.table_of(of), key=lambda row: -float(row["value"]))
    texts = [text for text, _, _ in sorted(reading.texts_at(of, "mark-text.role-mark"), key=lambda t: (t[2], t[1]))]
    assert texts == [t for row in rows for t in (row["area_name"], reading.swedish(float(row["value"])))]
    widths = of.locator(".mark-rect path").evaluate_all("ns => ns.map(n => n.getBBox().width)")
    values = [float(row["value"]) for row in rows]
    assert [w / widths[0] for w in widths] == pytest.approx([v / values[0] for v in values], abs=0.005)


def test_many_are_shown_at_a_glance_ours_in_a_list_and_all_when_asked_for(browser: Browser, site: Path) -> None:
    with watched(browser, site) as seen:
        page = seen.open("figurer.html")
        seen.see_all()
        of = figure(seen, "Trygghet, kommun för kommun")
        rows = [row for row in reading.table_of(of) if row["value"]]
        glance, ours = of.locator(".drawing").nth(0), of.locator(".drawing").nth(1)
        assert glance.locator(".mark-rect path").count() == len(rows) + 13
        written = ours.locator("svg .mark-text.role-mark > text").evaluate_all(reading.PLACES)
        texts = sorted(written, key=lambda t: (t[2], t[1]))
        drawn = {name: told for (name, _, _), (told, _, _) in zip(texts[::2], texts[1::2], strict=True)}
        assert drawn == {
            row["area_name"]: f"{reading.swedish(float(row['value']))} · {row['rank_from_highest']}"
            for row in rows
            if row["group"]
        }, "the place is the table's, in its words"
        assert ours.locator(".mark-rule line").count() == 26, "each interval with its halo"

        of.get_by_role("button", name="Alla", exact=True).click()
        box = of.locator(".scroll-picture")
        box.wait_for()
        assert box.locator(".mark-text text").count() == 2 * len(reading.table_of(of))
        assert box.locator('.mark-text text[font-weight="700"]').count() == 26
        assert box.evaluate("box => box.scrollHeight > box.clientHeight && box.tabIndex === 0")
        pressed = of.get_by_role("button", name="Alla", exact=True)
        assert pressed.get_attribute("aria-pressed") == "true"
        assert pressed.evaluate("button => button === document.activeElement"), "focus stays"
        assert page.evaluate("document.documentElement.scrollWidth") <= DESK[0]


def test_a_map_shows_fifths_and_hatches_what_is_missing(seen: Watched) -> None:
    of = figure(seen, "Sveriges kommuner")
    rows = reading.table_of(of)
    values = sorted(float(row["value"]) for row in rows if row["value"])
    fills = Counter(reading.fills_of(of))

    assert sum(fills.values()) == len(rows)
    assert fills.pop("url(#missing)", 0) == len(rows) - len(values) == small_site.HIDDEN
    assert fills == {
        f"var(--seq-{n + 1})": sum(v * 5 // len(values) == n for v in range(len(values))) for n in range(5)
    }
    key = of.locator(".key").inner_text()
    assert reading.swedish(values[0]) in key
    assert reading.swedish(values[-1]) in key
    assert f"Saknas ({small_site.HIDDEN})" in key
    assert "Ingen bedömning" in key


def test_the_map_of_the_region_names_the_thirteen(seen: Watched) -> None:
    of = figure(seen, "Karta över GR")
    rows = reading.table_of(figure(seen, "Trygghet, kommun för kommun"))
    values = sorted(float(row["value"]) for row in rows if row["value"])
    ours = [row for row in rows if row["group"]]
    fifths = Counter(f"var(--seq-{values.index(float(row['value'])) * 5 // len(values) + 1})" for row in ours)
    assert Counter(reading.fills_of(of)) == fifths, "coloured as on the nation's map"
    named = "".join(text for text, _, _ in reading.texts_at(of, "mark-text.role-mark"))
    assert "Öckerö" in named
    assert "Lilla Edet" in named


def test_small_multiples_have_one_scale(seen: Watched) -> None:
    of = figure(seen, "GR:s kommuner")
    assert of.locator(".multiple").count() == 13
    scales = {
        tuple(reading.texts_at(of.locator(".multiple").nth(n), "role-axis-label")[i][0] for i in range(6))
        for n in range(13)
    }
    assert len(scales) == 1
    dashes = of.locator(".multiple").first.locator(".mark-line path")
    assert len(set(dashes.evaluate_all("ns => ns.map(n => n.getAttribute('stroke-dasharray'))"))) == 2


def test_an_effect_shows_what_was_and_what_could_have_been(seen: Watched) -> None:
    of = figure(seen, "Verklig kostnad")
    rows = reading.table_of(of)
    told = sorted((int(r["year"]), float(r[field])) for r in rows for field in ("observed", "counterfactual"))
    shown = sorted((round(year), value) for year, value in reading.points_of(of))
    assert [value for _, value in shown] == pytest.approx([value for _, value in told], abs=300)
    texts = {text for text, _, _ in reading.texts_at(of, "mark-text.role-mark")}
    assert texts == {"Verklig", "Utan förändringen", "Efter förändringen"}


def test_an_effect_that_is_a_difference_only_is_drawn_around_nothing(seen: Watched) -> None:
    of = figure(seen, "Bara skillnaden")
    rows = reading.table_of(of)
    assert len(rows) >= 5
    assert of.locator(".mark-symbol path").count() == len(rows)
    labels = {text for text, _, _ in reading.texts_at(of, "role-axis-label")}
    assert {"−1", "0", "1"} <= labels
    assert "Skillnaden mot jämförelsen" in of.locator(".picture").inner_text()


def test_plain_bars_and_the_timeline_show_every_row(seen: Watched) -> None:
    bars = {text for text, _, _ in reading.texts_at(figure(seen, "Överenskommelsen 2021"), "mark-text.role-mark")}
    assert bars == {"Regionerna", "5\u202f725", "Kommunerna", "1\u202f000", "SKR", "53"}
    of = figure(seen, "Händelser")
    rows = reading.table_of(of)
    texts = [text for text, _, _ in reading.texts_at(of, "mark-text.role-mark")]
    assert Counter(row["title"] for row in rows) == Counter(texts)
    assert of.locator(".mark-symbol path").count() == len(rows)
    key = of.locator(".legend").inner_text()
    assert all(word in key for word in ("decided", "osäkert när", "pågick"))
    unsure, lasted = of.locator(".mark-rule.layer_1_marks line"), of.locator(".mark-rule.layer_2_marks line")
    long = "nodes => nodes.map(node => Number(node.getAttribute('x2')) !== 0)"
    assert unsure.evaluate_all(long) == [row["to"] > row["from"] for row in rows]
    assert lasted.evaluate_all(long) == [row["ended"] > row["from"] for row in rows]


def test_what_is_pointed_at_is_told(browser: Browser, site: Path) -> None:
    with watched(browser, site) as seen:
        page = seen.open("figurer.html")
        seen.see_all()
        of = figure(seen, "Kostnad för äldreomsorg")
        dots = of.locator(".mark-symbol path")
        dots.last.scroll_into_view_if_needed()
        dots.last.hover(force=True)
        told = page.locator(".tip").inner_text()
        assert "2022" in told
        assert "290\u202f766" in told


@SCREENS
def test_it_follows_the_width_and_the_scheme(browser: Browser, site: Path, size: tuple[int, int]) -> None:
    with watched(browser, site, size) as seen:
        page = seen.open("brott.html")
        seen.see_all()
        line = page.locator(".mark-line path").first
        light = line.evaluate("n => getComputedStyle(n).stroke")
        page.emulate_media(color_scheme="dark")
        assert line.evaluate("n => getComputedStyle(n).stroke") != light

        page.set_viewport_size({"width": 600, "height": size[1]})
        page.locator('.picture[data-drawn="2"]').wait_for()
        svg, place = page.locator(".drawing svg"), page.locator(".picture")
        assert svg.evaluate("n => n.clientWidth") == pytest.approx(place.evaluate("n => n.clientWidth"), abs=1)


def test_what_was_not_seen_is_drawn_for_paper(browser: Browser, site: Path) -> None:
    with watched(browser, site) as seen:
        page = seen.open("figurer.html")
        last = page.locator("figure.chart").last.locator(".drawing")
        assert last.count() == 0, "nothing is drawn before it is near"
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        last.wait_for()
