"""Files that are generated from the declarations: of dbt, of Great Expectations, and the dictionary.

Belongs here: which files there are, their text, updating them, and removing those that no declaration needs any more.
Does not belong here: what a dataset is (`datasets.py`), the text of staging models (`source_files.py`), of views by
theme (`theme_views.py`) and of suites (`quality/suites.py`), or models that a person writes (`dbt_project`).
"""

from __future__ import annotations

from pathlib import Path

from indicators.errors import DeclarationError
from indicators.generate.definition_review import definition_review
from indicators.generate.dictionary_pages import GENERATED as PAGE_GENERATED
from indicators.generate.dictionary_pages import dictionary
from indicators.generate.seeds_review import seeds_review
from indicators.load.catalogue import load_catalogue
from pipelines.datasets import datasets, declaration_of
from pipelines.errors import UsageError
from pipelines.quality.suites import stored_before, suite_files
from pipelines.settings import Settings
from pipelines.warehouse.inputs import GENERATED, declared_sources
from pipelines.warehouse.source_files import staging_files, staging_model
from pipelines.warehouse.theme_views import theme_view_files

_FACTS = ("series_id", "area_id", "year", "sex", "value", "status")
_OF_HISTORY = ("known_from", "known_to", "revision", "change", "source_file_sha256")


def write_generated(settings: Settings, *, check: bool = False) -> list[Path]:
    """Update every generated file, and remove those of datasets that are no longer declared.

    Returns:
        The files that were out of date, removed ones included.

    Raises:
        UsageError: `check` was requested and something is out of date.
    """
    wanted = generated_files(settings.dbt_project_dir) | dictionary_files(settings) | suite_files()
    stale = [p for p, text in wanted.items() if not p.exists() or p.read_text(encoding="utf-8") != text]
    before = [*_generated_before(settings.dbt_project_dir, settings.dictionary_dir), *stored_before()]
    orphans = [p for p in before if p not in wanted]
    if check and (stale or orphans):
        names = ", ".join(str(p) for p in (*stale, *orphans))
        raise UsageError("generated files are out of date", where=names, remedy="run `nyckeltal generate`")
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path], encoding="utf-8")
    for path in orphans:
        path.unlink()
    return [*stale, *orphans]


def dictionary_files(settings: Settings) -> dict[Path, str]:
    """Every page of the dictionary, and the reviews of definitions and of documents beside it, with its text."""
    catalogue = load_catalogue(settings.declarations_dir)
    pages = dictionary(catalogue, declared_sources())
    beside = settings.dictionary_dir.parent
    reviews = {
        beside / "definitions-review.md": definition_review(catalogue),
        beside / "seeds-review.md": seeds_review(catalogue),
    }
    return {settings.dictionary_dir / name: text for name, text in pages.items()} | reviews


def generated_files(dbt_project: Path) -> dict[Path, str]:
    """Every generated file of the dbt project with its text."""
    models = dbt_project / "models"
    union = {models / "intermediate" / "int_fact__unioned.sql": _union_of_facts()}
    return staging_files(models / "staging") | union | theme_view_files(models / "marts")


def _generated_before(dbt_project: Path, pages: Path) -> list[Path]:
    models = (p for p in (dbt_project / "models").rglob("*") if p.suffix in {".sql", ".yml"})
    found = sorted([*models, *pages.glob("*.md")])
    heads = (GENERATED, PAGE_GENERATED)
    return [p for p in found if any(head in p.read_text(encoding="utf-8").split("\n", maxsplit=1)[0] for head in heads)]


def _union_of_facts() -> str:
    """Facts whose series belong to another dataset (values of units) get that dataset's name."""
    facts = {name: declared for name, declared in datasets().items() if declared.kind == "facts"}
    selects = []
    for name, declared in facts.items():
        series_of = declared.same_series_as or name
        if series_of not in facts:
            path = declaration_of(name)
            raise DeclarationError(path, f"{name}: same_series_as", "another dataset of facts", series_of)
        columns = [f"    '{series_of}' as dataset", *(f"    {c}" for c in (*_FACTS, *_OF_HISTORY))]
        selects.append("select\n" + ",\n".join(columns) + f"\nfrom {{{{ ref('{staging_model(name)}') }}}}\n")
    head = f"{{# {GENERATED} #}}\n{{{{ config(materialized='view') }}}}\n\n"
    return head + "\nunion all\n\n".join(selects)
