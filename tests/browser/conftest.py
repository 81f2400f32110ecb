"""Fixtures of the tests in a browser: the browser itself, and a hand-made site of real figures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from pipelines.settings import Settings
from pipelines.storage import release_pointer
from tests.browser import small_site
from tests.support.browser import launched


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ended with each file of tests: while it runs, no other test of its process can run an event loop."""
    yield from launched()


@pytest.fixture(scope="session")
def site(full_release: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of a few pages, made by the tests."""
    release = release_pointer.current_folder(full_release.releases_dir)
    return small_site.make(release, tmp_path_factory.mktemp("small_site"))
