"""The pages as a browser gets them from the server: nothing is blocked by its own rules, nothing is asked of others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from pipelines.settings import Settings
from tests.support.browser import violations
from tests.support.served import ServedApi

OWN = ["/api/", "/utgava/"]
SITE = ["/", "/jamfor.html", "/reformen.html", "/om.html", "/nyckeltal/kostnad_aldreomsorg_per_inv_80.html"]


@pytest.fixture(scope="module")
def api(full_release: Settings) -> Iterator[ServedApi]:
    with ServedApi(full_release.releases_dir) as served:
        yield served


@pytest.mark.slow
@pytest.mark.parametrize("path", [*SITE, *OWN])
def test_a_page_that_is_served_works_under_the_rules_that_come_with_it(
    path: str, browser: Browser, api: ServedApi
) -> None:
    faults: list[str] = []
    context = browser.new_context(reduced_motion="reduce", locale="sv-SE")
    page = context.new_page()
    page.on(
        "request", lambda r: faults.append(r.url) if not r.url.startswith((api.address, "data:", "blob:")) else None
    )
    page.on("console", lambda said: faults.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    answer = page.goto(api.address + path)
    page.wait_for_load_state("load")
    assert answer is not None
    assert answer.status == 200
    for figure in page.query_selector_all("figure.chart[data-chart] .picture")[:3]:
        figure.scroll_into_view_if_needed()
        page.wait_for_function("picture => picture.dataset.drawn", arg=figure)
    assert page.get_attribute("html", "lang") == "sv"
    if path in OWN:
        assert violations(page) == []
    context.close()
    assert faults == []
