"""The pages' script writes numbers as `pipelines.show.number` does: over values of the release and odd ones."""

from __future__ import annotations

import json
import random

import polars as pl
import pytest
from playwright.sync_api import Browser

from pipelines.settings import ROOT, Settings
from pipelines.storage import release_pointer
from pipelines.text import swedish_numbers

ODD = [
    0.0, -0.0, 0.5, 1.5, 2.5, -2.5, 0.05, -0.04, -0.05, 2.15, 2.675, 1.005, 8.345, 1e-7, -1e-7, 1e21, 1.5e22,
    123456789.125, 999.95, -999.995, 0.1 + 0.2, 5e-324, 1.7976931348623157e308,
]  # fmt: skip
_OF_THE_RELEASE = 3_000


@pytest.mark.slow
def test_the_pages_write_numbers_as_python_does(browser: Browser, full_release: Settings) -> None:
    parquet = release_pointer.current_folder(full_release.releases_dir) / "parquet"
    known = pl.scan_parquet(parquet / "observation.parquet").select(pl.col("value").drop_nulls().unique().sort())
    values = [*ODD, *random.Random(1).sample(known.collect()["value"].to_list(), _OF_THE_RELEASE)]  # noqa: S311
    values += [round(value, 1) + 0.05 for value in values[-500:]]  # halves, as they are written
    script = (ROOT / "pipelines" / "site" / "static" / "base.js").read_text(encoding="utf-8")
    page = browser.new_page()
    try:
        shown = page.evaluate(
            f"() => {{ {script}\n; return {json.dumps(values)}.map(v => [0, 1, 2, 3].map(d => swedish(v, d))); }}"
        )
    finally:
        page.close()
    wanted = [[swedish_numbers.number(value, decimals) for decimals in range(4)] for value in values]
    found = [[text.replace("\u202f", " ") for text in texts] for texts in shown]
    assert [pair for pair in zip(values, found, wanted, strict=True) if pair[1] != pair[2]] == []
