"""Writes the pages of a release into its folder `site`.

Belongs here: templates with their filters, and which files there are. Does not belong here: the content of a page
(`pages`), charts and scripts (`scripts.py`). A page is written only when its content or its template changed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path

import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from indicators.model import words
from pipelines.errors import UsageError
from pipelines.reading.curated import show_curated_alone
from pipelines.reading.reader import open_release
from pipelines.release.shared_files import ReleaseFiles, recipe_of
from pipelines.site import swedish_text
from pipelines.site.pages.areas import area_pages
from pipelines.site.pages.indicators import breaks_of, indicator_pages
from pipelines.site.pages.page import Page, area_path, indicator_path, study_path
from pipelines.site.pages.records import record_pages
from pipelines.site.pages.reform import reform_pages
from pipelines.site.release_data import Row, Tables, cube, read_tables
from pipelines.site.scripts import write_scripts
from pipelines.site.sparkline import sparkline
from pipelines.storage.files import folder_atomic
from pipelines.storage.release_sums import FILES
from pipelines.text import swedish_numbers
from pipelines.text.normalise import AREA_ALIASES

HERE = Path(__file__).parent
SITE = "site"
LIBRARIES = ("jinja2", "vl-convert-python")


def write(folder: Path, before: Path | None) -> None:
    """Write the site of the release in `folder`; files that are unchanged since the previous release are linked."""
    build_site(folder, folder / SITE, before / SITE if before else None)


def write_site(release: Path, target: Path) -> tuple[int, int]:
    """Write a release's pages into a separate folder, replacing an older site there.

    Returns:
        How many files there are, and how many of them are new or changed.

    Raises:
        UsageError: the folder holds something other than a site.
    """
    standing = target.exists() and any(target.iterdir())
    if standing and not (target / FILES).exists():
        raise UsageError(
            "the folder holds something else than a site",
            where=str(target),
            expected="an empty folder, a new one, or an earlier site",
            found=f"files, and no {FILES}",
            remedy="choose another folder with --output",
        )
    fresh, old = (target.with_name(f".{target.name}.{what}.tmp") for what in ("new", "old"))
    for left in (fresh, old):  # left by a run that was killed between the two renames below
        shutil.rmtree(left, ignore_errors=True)
    with folder_atomic(fresh) as folder:
        counts = build_site(release, folder, target if standing else None)
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return counts


def build_site(release: Path, target: Path, before: Path | None) -> tuple[int, int]:
    """Write a release's pages into an empty folder; returns the number of files, and of those not linked."""
    target.mkdir(parents=True, exist_ok=True)
    versions = (f"{library} {version(library)}" for library in LIBRARIES)
    release_files = ReleaseFiles(
        target, before, recipe_of([HERE, Path(words.__file__), Path(swedish_numbers.__file__)], *versions)
    )
    environment = _environment()
    with open_release(release) as con:
        show_curated_alone(con)
        tables = read_tables(con)
        values = partial(cube, con)
        for page in _pages(tables, values):
            release_files.text(page.path, page._asdict(), partial(_render, environment, page))
        for indicator_id, row in tables.indicators.items():
            if row["last_year"] is not None:
                _data_file(release_files, row, values(indicator_id), tables)
    _assets(release_files, tables)
    write_scripts(release_files)
    release_files.close()
    return len(release_files.files()), release_files.written


def _pages(tables: Tables, values: Callable[[str], pl.DataFrame]) -> Iterator[Page]:
    yield from record_pages(tables)
    yield from area_pages(tables)
    yield from indicator_pages(tables, values)
    yield from reform_pages(tables)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(["html", "atom"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "tal": swedish_text.number, "tecken": swedish_text.signed, "belopp": swedish_text.amount,
        "med_enhet": swedish_text.with_unit, "dag": swedish_text.day, "stor": swedish_text.capital,
        "p": swedish_text.chance, "i": swedish_text.measured, "kommandon": swedish_text.without_marks,
        "ratt": _raw, "skal": words.missing_reason, "nar": words.when,
        "sagt": lambda code, of: words.said(of, code),
    }  # fmt: skip
    environment.globals |= {
        "ord": words, "linje": sparkline, "omrade": area_path, "nyckeltal": indicator_path, "studie": study_path,
    }  # fmt: skip
    return environment


def _raw(value: float | None) -> str:
    """A number with full precision for programs; empty where there is none."""
    return "" if value is None else repr(value)


def _render(environment: Environment, page: Page) -> str:
    template = environment.get_template(page.template)
    return template.render(page.content, page_title=page.title, root=page.root, path=page.path)


def _data_file(release_files: ReleaseFiles, row: Row, values: pl.DataFrame, tables: Tables) -> None:
    """All values of an indicator as a script: a page opened from a folder may load scripts, but not JSON."""
    known = values.filter(pl.col("area_id").is_in(list(tables.areas)) & pl.col("value").is_not_null())
    years = sorted(known["year"].unique())
    areas = sorted(known["area_id"].unique())
    sexes = [s for s in ("T", "K", "M") if s in set(known["sex"])]
    content: Row = {
        "title": row["title_sv"], "unit": row["unit"], "decimals": row["decimals"], "polarity": row["polarity"],
        "attribution": row["attribution"], "group_attribution": row["group_attribution"],
        "sexes": sexes, "areas": areas, "years": years,
        "breaks": [{"year": year, "reason": reason} for year, reason in breaks_of(row).items()],
    }  # fmt: skip
    for name, column in (("value", "value"), ("lower", "lower_95"), ("upper", "upper_95")):
        if known[column].null_count() < known.height:
            content[name] = {sex: _matrix(known.filter(sex=sex), column, areas, years) for sex in sexes}
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    name = row["indicator_id"]
    script = f'window.nyckeltal_data=window.nyckeltal_data||{{}};window.nyckeltal_data["{name}"]={text};\n'
    release_files.text(f"data/{name}.js", text, lambda: script)


def _matrix(values: pl.DataFrame, column: str, areas: list[str], years: list[int]) -> list[list[float | None]]:
    """Values by area, then by year."""
    whole = pl.DataFrame({"area_id": areas}).join(pl.DataFrame({"year": years}, schema={"year": pl.Int32}), how="cross")
    filled = whole.join(values, on=["area_id", "year"], how="left", maintain_order="left")[column].to_list()
    n = len(years)
    return [[_short(v) for v in filled[i : i + n]] for i in range(0, len(filled), n)]


def _short(value: float | None) -> float | None:
    return int(value) if value is not None and value.is_integer() else value


def _assets(release_files: ReleaseFiles, tables: Tables) -> None:
    index = {
        "indicators": [
            {"id": r["indicator_id"], "title": r["title_sv"], "theme": r["theme"], "unit": r["unit"],
             "decimals": r["decimals"], "polarity": r["polarity"], "first": r["first_year"], "last": r["last_year"],
             "series": r["source_series"]}
            for r in tables.indicators.values()
        ],
        "areas": [
            {"id": a["area_id"], "name": a["name"], "type": a["area_type"]}
            | ({"also": ", ".join(AREA_ALIASES[a["area_id"]])} if a["area_id"] in AREA_ALIASES else {})
            for a in tables.areas.values()
        ],
    }  # fmt: skip
    _script(release_files, "index", index)
    created = tables.release["created_at"]
    _script(
        release_files,
        "release",
        {
            "id": tables.release["release_id"],
            "created": f"{created:%Y-%m-%d}",
            "text": f"Utgåva {tables.release['release_id']}, {swedish_text.day(created)}",
        },
    )
    css = HERE / "static" / "site.css"
    release_files.text("assets/site.css", "css", lambda: css.read_text(encoding="utf-8"))


def _script(release_files: ReleaseFiles, name: str, content: Row) -> None:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    release_files.text(f"assets/{name}.js", text, lambda: f"window.nyckeltal_{name}={text};\n")
