"""Validates what is said of source series across declarations: once, and without contradicting breaks or intervals.

Belongs here: rules about the key `measured` and about direction that need more than one declaration. Does not belong
here: rules of a single one (`model/measured.py`, `model/indicator.py`), or whether a series is described at all
(`tests/unit/test_definitions.py`), since a source of one's own may have no description.
"""

from __future__ import annotations

from pathlib import Path

from indicators.errors import DeclarationError
from indicators.model.declarations import Catalogue
from indicators.model.indicator import Indicator, Measure, Polarity
from indicators.model.vocabulary import Counts

_OPPOSITE = {Polarity.HIGHER: Polarity.LOWER, Polarity.LOWER: Polarity.HIGHER, Polarity.NONE: Polarity.NONE}


def check_measured(catalogue: Catalogue) -> None:
    """Check that nothing is said twice or contradicts itself.

    Raises:
        DeclarationError: with the file, the key, what was expected and what was found.
    """
    _check_once(catalogue)
    _check_breaks(catalogue)
    for indicator in catalogue.indicators:
        _check_interval(catalogue, indicator)
        _check_direction(catalogue, indicator)


def path_of(catalogue: Catalogue, declared: Indicator | Measure) -> Path:
    """The file in which it is declared."""
    if isinstance(declared, Measure):
        return catalogue.home / "registers" / "measures.yml"
    return catalogue.home / "catalogue" / declared.theme.value / f"{declared.indicator_id}.yml"


def _check_once(catalogue: Catalogue) -> None:
    """A series is described by the indicator that publishes it; by a measure only when none does."""
    seen: dict[tuple[str | None, str | None], Indicator | Measure] = {}
    published = {(i.dataset, i.series) for i in catalogue.indicators if i.kind == "published" and not i.is_deflated}
    items: tuple[Indicator | Measure, ...] = (*catalogue.indicators, *catalogue.measures)
    for declared in items:
        if declared.measured is None:
            continue
        place = (declared.dataset, declared.series)
        if place in seen or (isinstance(declared, Measure) and place in published):
            expected = "one description of a series, with the indicator that publishes it"
            raise DeclarationError(path_of(catalogue, declared), "measured", expected, f"{declared.series}, twice")
        seen[place] = declared


def _check_breaks(catalogue: Catalogue) -> None:
    """A year is a break or it is not."""
    broken: dict[tuple[str | None, str | None], set[int]] = {}
    items: tuple[Indicator | Measure, ...] = (*catalogue.indicators, *catalogue.measures)
    for declared in items:
        broken.setdefault((declared.dataset, declared.series), set()).update(b.year for b in declared.breaks)
    for declared in items:
        for told in declared.measured.no_break if declared.measured else ():
            if told.year in broken[declared.dataset, declared.series]:
                expected = "a year that is no break of the series"
                raise DeclarationError(path_of(catalogue, declared), "measured.no_break", expected, str(told.year))


def _check_interval(catalogue: Catalogue, indicator: Indicator) -> None:
    """What is computed of episodes, hours or places has no interval, as a published series of them has none."""
    if indicator.interval_method is None or indicator.kind == "published":
        return
    for term in catalogue.quotient(indicator).numerator:
        for name in term.measures:
            measure = catalogue.measure_by_id[name]
            told = catalogue.measured.get((measure.dataset, measure.series))
            if told and told.counts is not Counts.PERSONS:
                expected = f"no interval: {name} counts {told.counts}"
                raise DeclarationError(
                    path_of(catalogue, indicator), "interval", expected, str(indicator.interval_method)
                )


def _check_direction(catalogue: Catalogue, indicator: Indicator) -> None:
    """A successor has the same direction, or the opposite where it counts the other way round."""
    successor = indicator.replaced_by
    if successor is None:
        return
    expected = _OPPOSITE[indicator.polarity] if successor.inverted else indicator.polarity
    found = catalogue.by_id[successor.indicator].polarity
    if found is not expected:
        how = "the opposite of" if successor.inverted else "the same as"
        told = f"{expected.value}, {how} that of {indicator.indicator_id}, which it replaces"
        raise DeclarationError(path_of(catalogue, catalogue.by_id[successor.indicator]), "polarity", told, found.value)
