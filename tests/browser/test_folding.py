"""The pages' search folds texts as `pipelines.text.folded` does: over every name and title of the release."""

from __future__ import annotations

import json

import polars as pl
import pytest
from playwright.sync_api import Browser

from pipelines.settings import ROOT, Settings
from pipelines.storage import release_pointer
from pipelines.text import normalise

ODD = [
    "Go\u0308teborg",
    "\ufeffÅre ",
    "Malmo\u0308\u00a0\u200bstad",
    "ÅÄÖ åäö é",
    "A\u2003B",
    "\u202eavig",
    "ﬁn ²",
    "ẞß",
]


@pytest.mark.slow
def test_the_pages_fold_texts_as_python_does(browser: Browser, full_release: Settings) -> None:
    parquet = release_pointer.current_folder(full_release.releases_dir) / "parquet"
    texts = [
        *pl.read_parquet(parquet / "area.parquet")["name"].drop_nulls().unique().sort(),
        *pl.read_parquet(parquet / "indicator.parquet")["title_sv"].drop_nulls().sort(),
        *ODD,
    ]
    script = (ROOT / "pipelines" / "site" / "static" / "base.js").read_text(encoding="utf-8")
    page = browser.new_page()
    try:
        found = page.evaluate(f"() => {{ {script}\n; return {json.dumps(texts)}.map(folded); }}")
    finally:
        page.close()
    assert len(texts) > 800
    assert {t: f for t, f in zip(texts, found, strict=True) if f != normalise.folded(t)} == {}
