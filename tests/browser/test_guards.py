"""The guards of these tests: what they are there to see is seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.browser import violations, watched


def test_a_request_out_of_the_folder_and_an_error_are_seen(browser: Browser, tmp_path: Path) -> None:
    bad = "<!doctype html><title>x</title><img src='http://127.0.0.1:9/x.png' alt=''><script>missing()</script>"
    (tmp_path / "bad.html").write_text(bad, encoding="utf-8")
    with pytest.raises(AssertionError) as caught, watched(browser, tmp_path) as seen:
        seen.open("bad.html")
    assert "request of http://127.0.0.1:9/x.png" in str(caught.value)
    assert "missing is not defined" in str(caught.value)


def test_what_shuts_someone_out_is_seen(browser: Browser, tmp_path: Path) -> None:
    bad = (
        "<!doctype html><html lang='sv'><title>x</title><main><h1>x</h1><input><p style='color: #ccc'>grått</p></main>"
    )
    (tmp_path / "bad.html").write_text(bad, encoding="utf-8")
    with watched(browser, tmp_path) as seen:
        found = violations(seen.open("bad.html"))
    assert {one.split(" ")[0] for one in found} == {"label", "color-contrast"}
