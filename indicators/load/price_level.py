"""Applies the one price level to all indicators in fixed prices.

Belongs here: setting the year of registers/price_level.yml in the basis, the unit and the texts of every indicator in
fixed prices. Does not belong here: the arithmetic (`dbt_project`), or which indices there are
(registers/price_indices.yml).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from indicators.errors import DeclarationError
from indicators.model.indicator import Indicator

PLACEHOLDER = "{base_year}"
_YEAR_OF_PRICES = re.compile(r"\b(\d{4})\s+års\s+pris")


def at_one_price_level(home: Path, indicators: list[Indicator], levels: Sequence[Any]) -> list[Indicator]:
    """The indicators; those in fixed prices have the year in `price_basis`, `unit` and their texts.

    `levels` are the rows of the register; without one, the year is the one that all these indicators name.

    Raises:
        DeclarationError: there is no year or more than one, or a declaration names another.
    """
    deflated = [i for i in indicators if i.is_deflated]
    named = {i.price_basis.base_year for i in deflated if i.price_basis and i.price_basis.base_year}
    years = {level.year for level in levels} or named
    if not deflated:
        return indicators
    if len(years) != 1:
        found = ", ".join(map(str, sorted(years))) or "none"
        raise DeclarationError(home / "registers" / "price_level.yml", "year", "one year for all fixed prices", found)
    (year,) = years
    return [_at(home, i, year) if i.is_deflated else i for i in indicators]


def _at(home: Path, indicator: Indicator, year: int) -> Indicator:
    basis = indicator.price_basis
    assert basis is not None  # noqa: S101 - a deflated indicator has a basis
    path = home / "catalogue" / indicator.theme.value / f"{indicator.indicator_id}.yml"
    if basis.base_year not in {None, year}:
        expected = f"no year, or {year}: the one of registers/price_level.yml"
        raise DeclarationError(path, "price_basis.base_year", expected, str(basis.base_year))
    texts = {
        name: text.replace(PLACEHOLDER, str(year))
        for name in ("title_sv", "title_en", "definition_sv", "purpose_sv", "notes")
        if (text := getattr(indicator, name))
    }
    for name, text in texts.items():
        for other in set(_YEAR_OF_PRICES.findall(text)) - {str(year)}:
            raise DeclarationError(path, name, f"{PLACEHOLDER} års priser", f"{other} års priser")
    unit = f"{indicator.unit} i {year} års priser ({(basis.index or '').upper()})"
    told = {**texts, "unit": unit, "price_basis": basis.model_copy(update={"base_year": year})}
    return indicator.model_copy(update=told)
