"""A real browser for tests: Debian's Chromium, driven by playwright, without access beyond a folder or this machine.

Belongs here: starting it, the network guard, and axe. Does not belong here: what a page must show.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE, DESK = (360, 740), (1280, 900)
# Axe would fetch style sheets again, which a page opened from a folder may not.
AXE = {"resultTypes": ["violations"], "preload": False}
NAMES = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Watched:
    """A page, and the errors that it caused."""

    page: Page
    folder: Path
    faults: list[str] = field(default_factory=list)

    def open(self, name: str) -> Page:
        """Open a page of the folder and wait until its scripts have run."""
        path, _, rest = name.partition("#")
        self.page.goto(f"{(self.folder / path).as_uri()}{'#' + rest if rest else ''}")
        return self.page

    def see_all(self) -> None:
        """Scroll through the page, so that every chart is drawn, and wait for the last."""
        self.page.evaluate(
            """async () => {
                const figures = [...document.querySelectorAll("figure.chart[data-chart]")];
                for (const figure of figures) {
                    figure.scrollIntoView();
                    const picture = figure.querySelector(".picture");
                    for (let n = 0; n < 600 && !picture.dataset.drawn; n++) await new Promise(requestAnimationFrame);
                }
                window.scrollTo(0, 0);
            }"""
        )

    def _request(self, request: Request) -> None:
        allowed = (self.folder.as_uri(), "data:", "blob:")
        if not request.url.startswith(allowed):
            self.faults.append(f"request of {request.url}")


def launched() -> Iterator[Browser]:
    """Chromium for a session's fixture; skips where there is none."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def watched(
    browser: Browser, folder: Path, size: tuple[int, int] = DESK, *, dark: bool = False, **more: Any
) -> Iterator[Watched]:
    """A page in a window of a size, light or dark; fails at the end on an error or a request out of the folder."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        locale="sv-SE",
        **more,
    )
    page = context.new_page()
    seen = Watched(page, folder.resolve())
    page.on("request", seen._request)
    page.on("console", lambda said: seen.faults.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: seen.faults.append(str(error)))
    page.on("requestfailed", lambda request: seen.faults.append(f"failed: {request.url}"))
    try:
        yield seen
    finally:
        context.close()
    assert not seen.faults, "\n".join(seen.faults)  # pytest explains asserts of test modules only


def violations(page: Page) -> list[str]:
    """The serious and critical findings of axe-core on a page, by WCAG 2.1 AA and its own best practices."""
    found = json.loads(json.dumps(Axe().run(page, options=AXE).response["violations"]))
    return [
        f"{one['id']} ({one['impact']}): {node['html'][:160]}"
        for one in found
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]
