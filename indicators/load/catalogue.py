"""Loads the declarations: the catalogue's files and the registers.

Belongs here: which files there are and where they may be, and the series of corrections. Does not belong here: parsing
YAML (`yaml_rows.py`), rules of a single declaration (`indicators/model`), references between them (`references.py`).
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from indicators.errors import DeclarationError
from indicators.load.measured_references import check_measured
from indicators.load.price_level import at_one_price_level
from indicators.load.references import check_references
from indicators.load.reform_references import check_reform
from indicators.load.statement_references import check_statements
from indicators.load.yaml_rows import read_yaml, rows_of, validated
from indicators.model.corrections import Correction, first_overlap, with_series
from indicators.model.declarations import Catalogue
from indicators.model.indicator import Indicator, Measure, Theme, ValidRange, ValueType
from indicators.model.quotients import quotient_of
from indicators.model.reform import Document, Finding, Funding, Intervention, ReformEvent
from indicators.model.registers import (
    AreaChange,
    CautionLimits,
    Composite,
    Control,
    County,
    DataGap,
    Frame,
    Group,
    Neighbours,
    PriceIndexEntry,
    PriceLevel,
    SimilarGroups,
    Similarity,
    WeightDifference,
)
from indicators.model.statement import Statement
from indicators.model.study import Study
from indicators.model.submission_template import SubmissionTemplate

__all__ = ["Catalogue", "load_catalogue", "quotient_of", "read_yaml", "validated"]

HOME = Path(__file__).parents[1]
# Each register's file below `registers/`: its key in the catalogue, its rows' type, and their key.
REGISTERS: dict[str, tuple[str, type[BaseModel], str]] = {
    "measures": ("measures", Measure, "measure_id"),
    "counties": ("counties", County, "county_id"),
    "area_changes": ("area_changes", AreaChange, "area_id"),
    "neighbours": ("neighbours", Neighbours, "area_id"),
    "groups": ("groups", Group, "group_id"),
    "similar_groups": ("similar", SimilarGroups, "title_pattern"),
    "price_indices": ("price_indices", PriceIndexEntry, "index_id"),
    "price_level": ("price_levels", PriceLevel, "year"),
    "data_gaps": ("data_gaps", DataGap, "gap_id"),
    "controls": ("controls", Control, "control_id"),
    "caution_limits": ("caution_limits", CautionLimits, "limits_id"),
    "weight_differences": ("weight_differences", WeightDifference, "difference_id"),
    "submission_templates": ("templates", SubmissionTemplate, "template_id"),
    "frames": ("frames", Frame, "frame_id"),
    "similarity": ("similarity", Similarity, "recipe_id"),
    "composites": ("composites", Composite, "composite_id"),
    "documents": ("documents", Document, "document_id"),
    "reform_events": ("events", ReformEvent, "event_id"),
    "funding": ("funding", Funding, "funding_id"),
    "interventions": ("interventions", Intervention, "intervention_id"),
    "findings": ("findings", Finding, "finding_id"),
    "statements": ("statements", Statement, "statement_id"),
}


def load_catalogue(home: Path = HOME) -> Catalogue:
    """Read `catalogue/` and `registers/` below `home`.

    Raises:
        DeclarationError: with file, key, what was expected and what was found.
    """
    registers = home / "registers"
    files = _catalogue_files(home)
    indicators = [_indicator(path) for path in files]

    registered = {}
    for name, (key_of_catalogue, model, key) in REGISTERS.items():
        path = registers / f"{name}.yml"
        if path.exists():
            files.append(path)
            registered[key_of_catalogue] = tuple(rows_of(path, model, key))
    indicators = at_one_price_level(home, indicators, registered.get("price_levels", ()))
    corrections = _corrections(registers / "corrections", indicators)
    studies = sorted((registers / "studies").glob("*.yml"))
    files += [*dict.fromkeys(path for path, _ in corrections), *studies]
    catalogue = Catalogue(
        home=home,
        indicators=tuple(sorted(indicators, key=lambda i: i.indicator_id)),
        studies=tuple(_study(path) for path in studies),
        corrections=tuple(c for _, c in sorted(corrections, key=lambda found: found[1].correction_id)),
        files=tuple(files),
        **registered,  # type: ignore[arg-type]  # each by the type that REGISTERS names
    )
    check_references(catalogue)
    check_measured(catalogue)
    check_reform(catalogue)
    check_statements(catalogue)
    _check_corrections(catalogue, corrections)
    return catalogue


def _catalogue_files(home: Path) -> list[Path]:
    """The indicators' files; a declaration in any other place is an error instead of being ignored."""
    files = sorted((home / "catalogue").glob("*/*.yml"))
    registers = [home / "registers" / f"{name}.yml" for name in REGISTERS]
    registers += [*(home / "registers" / "corrections").glob("*.yml"), *(home / "registers" / "studies").glob("*.yml")]
    declared = {*files, *registers}
    for path in sorted(p for p in home.glob("[cr]*/**/*") if p.suffix in {".yml", ".yaml"}):
        place = path.relative_to(home).as_posix()
        if place.startswith("catalogue/") and path not in declared:
            raise DeclarationError(path, "place", "catalogue/<theme>/<indicator_id>.yml", place)
        if place.startswith("registers/") and path not in declared:
            folders = "corrections/<name>.yml or studies/<study_id>.yml"
            known = f"one of {', '.join(f'{name}.yml' for name in REGISTERS)}, {folders}"
            raise DeclarationError(path, "place", known, path.name)
    if not files:
        raise DeclarationError(home, "catalogue", "declarations of indicators", "none")
    return files


def _study(path: Path) -> Study:
    study = validated(path, Study, read_yaml(path))
    if study.study_id != path.stem:
        raise DeclarationError(path, "study_id", f"the name of the file ({path.stem})", study.study_id)
    return study


def _indicator(path: Path) -> Indicator:
    indicator = validated(path, Indicator, read_yaml(path))
    if indicator.indicator_id != path.stem:
        raise DeclarationError(path, "indicator_id", f"the name of the file ({path.stem})", indicator.indicator_id)
    if indicator.theme != Theme(path.parent.name) if path.parent.name in set(Theme) else True:
        raise DeclarationError(path, "theme", f"the name of the folder ({path.parent.name})", str(indicator.theme))
    if indicator.valid_range == ValidRange() and indicator.value_type is ValueType.COUNT:
        indicator = indicator.model_copy(update={"valid_range": ValidRange(min=0)})
    return indicator


def _corrections(folder: Path, indicators: list[Indicator]) -> list[tuple[Path, Correction]]:
    """Every correction with its file, and with its series."""
    found = []
    for path in sorted(folder.glob("*.yml")):
        for row in rows_of(path, Correction, "correction_id"):
            try:
                found.append((path, with_series(row, indicators)))
            except ValueError as error:
                raise DeclarationError(path, f"{row.correction_id}: indicator", str(error), row.indicator) from error
    return found


def _check_corrections(catalogue: Catalogue, corrections: list[tuple[Path, Correction]]) -> None:
    seen: set[str] = set()
    for path, correction in corrections:
        if correction.correction_id in seen:
            raise DeclarationError(path, "correction_id", "each id once, in one file", correction.correction_id)
        seen.add(correction.correction_id)
        used = catalogue.series_of(correction.dataset or "")
        for series in filter(None, (correction.series, correction.expected.equals_series)):
            if series not in used:
                where = f"{correction.correction_id}: series"
                expected = f"a series of {correction.dataset} that an indicator or a measure uses"
                raise DeclarationError(path, where, expected, series)
    overlap = first_overlap(correction for _, correction in corrections)
    if overlap:
        other, correction, cell = overlap
        (path,) = (p for p, c in corrections if c is correction)
        told = f"{correction.series} {cell.area or 'every area'} {cell.year} {cell.sex}, also in {other.correction_id}"
        raise DeclarationError(path, correction.correction_id, "one correction of a value", told)
