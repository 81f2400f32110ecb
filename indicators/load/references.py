"""Validates references between declarations: that everything a declaration names exists.

Belongs here: references between declarations. Does not belong here: rules of a single declaration
(`indicators/model`), loading files (`catalogue.py`).
"""

from __future__ import annotations

import re
from pathlib import Path

from indicators.errors import DeclarationError
from indicators.model.declarations import Catalogue
from indicators.model.expression import ExpressionError
from indicators.model.indicator import GrArea, Indicator, NaraVardShift, Polarity, SuccessFactor
from indicators.model.quotients import quotient_of
from indicators.model.submission_template import template_fault

_RESERVED = re.compile(r"kolada_[a-z]\d{5}")  # ids of uncurated indicators (`generate/uncurated_rows.py`)
# Frames with their own key in every indicator; their items are the allowed values of that key.
KEYED_FRAMES = {"gr_area": GrArea, "success_factor": SuccessFactor, "nara_vard_shift": NaraVardShift}


def check_references(catalogue: Catalogue) -> None:
    """Check every reference.

    Raises:
        DeclarationError: with the file, the key and the missing name.
    """
    seen: set[str] = set()
    items = {f"{frame.frame_id}.{item.item_id}" for frame in catalogue.frames for item in frame.items}
    for indicator in catalogue.indicators:
        path = catalogue.home / "catalogue" / indicator.theme / f"{indicator.indicator_id}.yml"
        if indicator.indicator_id in seen:
            raise DeclarationError(path, "indicator_id", "each id once, in one theme", indicator.indicator_id)
        if _RESERVED.fullmatch(indicator.indicator_id):
            expected = "another id: this one is that of the source's own series where nobody has reviewed it"
            raise DeclarationError(path, "indicator_id", expected, indicator.indicator_id)
        seen.add(indicator.indicator_id)
        _check_arithmetic(catalogue, indicator, path)
        _check_items(items, indicator.frames, path, "frames")
        successor = indicator.replaced_by
        if successor and successor.indicator not in catalogue.by_id:
            raise DeclarationError(path, "replaced_by.indicator", "an indicator_id", successor.indicator)
    for gap in catalogue.data_gaps:
        _check_items(items, gap.frames, catalogue.home / "registers" / "data_gaps.yml", f"{gap.gap_id}: frames")
    _check_registers(catalogue)
    _check_frames(catalogue)
    fault = template_fault(catalogue.templates, (*catalogue.measures, *catalogue.indicators))
    if fault:
        raise DeclarationError(catalogue.home / "registers" / "submission_templates.yml", *fault)


def _check_items(items: set[str], named: tuple[str, ...], path: Path, where: str) -> None:
    for item in named:
        if item not in items or item.split(".")[0] in KEYED_FRAMES:
            raise DeclarationError(path, where, "frame_id.item_id of registers/frames.yml", item)


def _check_arithmetic(catalogue: Catalogue, indicator: Indicator, path: Path) -> None:
    try:
        quotient = quotient_of(indicator)
    except ExpressionError as error:
        raise DeclarationError(path, "expression", "a sum of products of measures, divided once", str(error)) from error
    coverage = [indicator.coverage.measured, indicator.coverage.of] if indicator.coverage else []
    for measure in [*quotient.measures, *coverage]:
        if measure not in catalogue.measure_by_id:
            raise DeclarationError(path, "measure", "a measure_id of registers/measures.yml", measure)
    indices = {p.index_id for p in catalogue.price_indices}
    basis = indicator.price_basis
    if basis and basis.index and basis.index not in indices:
        raise DeclarationError(path, "price_basis.index", f"one of {sorted(indices)}", basis.index)


def _check_registers(catalogue: Catalogue) -> None:
    registers = catalogue.home / "registers"
    measures, indicators = catalogue.measure_by_id, catalogue.by_id
    for gap in catalogue.data_gaps:
        if gap.proxy_indicator and gap.proxy_indicator not in indicators:
            where = f"{gap.gap_id}: proxy_indicator"
            raise DeclarationError(registers / "data_gaps.yml", where, "an indicator_id", gap.proxy_indicator)
    named = [("controls.yml", f"{c.control_id}: measure", m) for c in catalogue.controls for m in (c.measure, c.weight)]
    for recipe in catalogue.similarity:
        named += [("similarity.yml", f"{recipe.recipe_id}: {v.measure}", v.measure) for v in recipe.variables]
        named += [("similarity.yml", f"{recipe.recipe_id}: {v.measure}: per", v.per) for v in recipe.variables]
    _check_similarity(catalogue)
    for file, where, measure in named:
        if measure and measure not in measures:
            raise DeclarationError(registers / file, where, "a measure_id", measure)
    references = [
        ("measures.yml", f"{m.measure_id}: response_rate", m.response_rate)
        for m in catalogue.measures
        if m.response_rate
    ]
    references += [
        ("weight_differences.yml", f"{d.difference_id}: indicators", indicator)
        for d in catalogue.weight_differences
        for indicator in d.indicators
    ]
    for file, where, indicator in references:
        if indicator not in indicators:
            raise DeclarationError(registers / file, where, "an indicator_id", indicator)
    _check_composites(catalogue)


def _check_composites(catalogue: Catalogue) -> None:
    path, indicators = catalogue.home / "registers" / "composites.yml", catalogue.by_id
    for composite in catalogue.composites:
        for part in composite.inputs:
            where = f"{composite.composite_id}: {part.indicator}"
            if part.indicator not in indicators:
                raise DeclarationError(path, where, "an indicator_id", part.indicator)
            judged = indicators[part.indicator].polarity is not Polarity.NONE
            if judged == (part.direction is not None):
                expected = (
                    "no direction, for its polarity gives it" if judged else "a direction, for it has no polarity"
                )
                raise DeclarationError(path, where, expected, part.direction)


def _check_similarity(catalogue: Catalogue) -> None:
    """Check that the sets have one default and ids of their own, and use nothing that an indicator judges."""
    path = catalogue.home / "registers" / "similarity.yml"
    ids = [s.recipe_id for s in catalogue.similarity] + [s.recipe_id for s in catalogue.similar]
    if len(set(ids)) < len(ids):
        raise DeclarationError(path, "recipe_id", "each id once, Kolada's sets included", ", ".join(ids))
    default = [recipe.recipe_id for recipe in catalogue.similarity if recipe.default]
    if catalogue.similarity and len(default) != 1:
        raise DeclarationError(path, "default", "exactly one recipe that is the default", ", ".join(default) or "none")
    judged = {(i.dataset, i.series): i.indicator_id for i in catalogue.indicators if i.polarity is not Polarity.NONE}
    for recipe in catalogue.similarity:
        for name in {name for v in recipe.variables for name in (v.measure, v.per) if name}:
            measure = catalogue.measure_by_id.get(name)
            if measure and (measure.dataset, measure.series) in judged:
                found = f"{name}, which {judged[measure.dataset, measure.series]} judges"
                raise DeclarationError(
                    path, f"{recipe.recipe_id}: variables", "measures that no indicator judges", found
                )


def _check_frames(catalogue: Catalogue) -> None:
    """Check that the items of these frames are exactly the allowed values of their keys."""
    frames = {frame.frame_id: [item.item_id for item in frame.items] for frame in catalogue.frames}
    for key, values in KEYED_FRAMES.items():
        if key in frames and sorted(frames[key]) != sorted(values):
            path = catalogue.home / "registers" / "frames.yml"
            raise DeclarationError(path, key, ", ".join(values), ", ".join(frames[key]))
