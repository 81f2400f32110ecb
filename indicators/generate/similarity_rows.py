"""The standard sets of similar municipalities as table rows.

Belongs here: the rows of `similar_recipe` and `structure_variable`. Does not belong here: other declarations
(`declared_rows.py`), or finding the municipalities (`dbt_project`, `pipelines/reading`).
"""

from __future__ import annotations

from typing import Any

from indicators.load.catalogue import Catalogue


def recipe_rows(catalogue: Catalogue) -> list[tuple[Any, ...]]:
    """Our own sets, and those that a publisher makes as groups."""
    own: list[tuple[Any, ...]] = [
        (s.recipe_id, s.title_sv, s.purpose_sv, "nyckeltal", s.default, s.neighbours, s.recipe_version, s.weights, None)
        for s in catalogue.similarity
    ]
    theirs = [
        (f.recipe_id, f.title_sv, f.purpose_sv, "kolada", False, f.members_each, None, None, f.valid_from)
        for f in catalogue.similar
    ]
    return own + theirs


def variable_rows(catalogue: Catalogue) -> list[tuple[Any, ...]]:
    """The variables of our own sets, with their weights."""
    return [
        (s.recipe_id, v.variable, v.measure, v.per, v.log, v.weight) for s in catalogue.similarity for v in s.variables
    ]
