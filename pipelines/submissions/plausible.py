"""Whether the indicators from a submission are plausible: the catalogue's ranges, and the municipality's own other
years.

Belongs here: computing the indicators of a file's rows together with known measures, and asking for confirmation of
unusual ones. Does not belong here: a cell by itself (`cell_values.py`), reading what is known (`taking_in.py`).

An indicator in fixed prices is not computed: the same amount is checked in current prices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from indicators.load.catalogue import Catalogue
from indicators.model.expression import Term, parse_expression
from indicators.model.indicator import Indicator, Measure
from indicators.model.submission_template import DATASET, TemplateField
from pipelines.submissions.findings import Fault, shown
from pipelines.submissions.judging import Row
from pipelines.submissions.recognising import Table

CONFIRM = "--confirm-unusual"
Key = tuple[str, str, int, str]  # series, area, year, sex
MOST_TIMES = 10.0  # the largest unremarkable ratio between a value and its nearest other year
_FEWEST = 50.0  # smaller numbers change by large factors for good reasons
_NEAR_YEARS = 5


def wanted_series(catalogue: Catalogue, table: Table) -> dict[str, set[str]]:
    """The series, by dataset, that the indicators of a template need besides its own."""
    wanted: dict[str, set[str]] = {}
    for _, measures in _indicators(catalogue, table):
        for measure in measures.values():
            if measure.dataset != DATASET:
                wanted.setdefault(measure.dataset, set()).add(measure.series)
    return wanted


def unusual(
    catalogue: Catalogue, table: Table, rows: Sequence[Row], known: Mapping[Key, float], before: Mapping[Key, float]
) -> list[Fault]:
    """Unusual values, as a fault for each, at the cell that it depends on most.

    Args:
        known: values of other datasets' series. before: the municipalities' own earlier submissions.
    """
    found = []
    fields = {declared.series: declared for declared in table.template.fields}
    for row in rows:
        if row.key is None:
            continue
        told: set[str] = set()
        for indicator, measures in _indicators(catalogue, table):
            fault = _outside(indicator, measures, table, row, known, fields)
            if fault and fault[0] not in told:
                told.add(fault[0])
                found.append(fault[1])
        here = {(series, *other.key): value for other in rows if other.key for series, value in _given(other)}
        for series, value in _given(row):
            if series not in told and (far := _far_from_own(fields[series], table, row, value, before, here)):
                found.append(far)
    return found


def _indicators(catalogue: Catalogue, table: Table) -> list[tuple[Indicator, dict[str, Measure]]]:
    own = {declared.series for declared in table.template.fields}
    measures = {m.measure_id: m for m in catalogue.measures}
    found = []
    for indicator in catalogue.indicators:
        if indicator.kind == "published" or indicator.is_deflated:
            continue
        top, bottom = _parts(indicator)
        named = {name for term in (*top, *bottom) for name in term.measures}
        if any(measures[name].dataset == DATASET and measures[name].series in own for name in named):
            found.append((indicator, {name: measures[name] for name in named}))
    return found


def _parts(indicator: Indicator) -> tuple[tuple[Term, ...], tuple[Term, ...]]:
    if indicator.kind == "ratio":
        bottom = parse_expression(str(indicator.denominator))
        return parse_expression(str(indicator.numerator)).numerator, bottom.numerator
    whole = parse_expression(str(indicator.expression))
    return whole.numerator, whole.denominator


def _outside(
    indicator: Indicator,
    measures: Mapping[str, Measure],
    table: Table,
    row: Row,
    known: Mapping[Key, float],
    fields: Mapping[str, TemplateField],
) -> tuple[str, Fault] | None:
    values = {}
    for name, measure in measures.items():
        value = row.values.get(measure.series) if measure.dataset == DATASET else None
        if measure.dataset != DATASET and row.key:
            value = known.get((measure.series, *row.key))
        if value is None:
            return None
        values[name] = value
    top, bottom = _parts(indicator)
    below = _sum(bottom, values) if bottom else 1.0
    if not below:
        return None
    value = (indicator.multiplier or 1) * _sum(top, values) / below
    low, high = indicator.plausible.min, indicator.plausible.max
    if (low is None or value >= low) and (high is None or value <= high):
        return None
    own = [m.series for m in (measures[n] for t in (*top, *bottom) for n in t.measures) if m.series in fields]
    told = f"{_swedish(value)} {indicator.unit} för {indicator.title_sv}"
    usual = f"{indicator.title_sv}: {_swedish(low or 0)} till {_swedish(high)} {indicator.unit}"
    return own[0], _fault(table, row, fields[own[0]], "värdet leder till ett orimligt nyckeltal", usual, told)


def _far_from_own(
    declared: TemplateField,
    table: Table,
    row: Row,
    value: float,
    before: Mapping[Key, float],
    here: Mapping[Key, float],
) -> Fault | None:
    """Compare with the nearest other year, submitted earlier or in the same file, and with a value being corrected."""
    if declared.kind == "share" or row.key is None:
        return None
    area, year, sex = row.key
    known = {**before, **{key: other for key, other in here.items() if key[2] != year}}
    others = {k[2]: v for k, v in known.items() if (k[0], k[1], k[3]) == (declared.series, area, sex)}
    near = sorted((abs(other - year), -other) for other in others if abs(other - year) <= _NEAR_YEARS)
    if not near:
        return None
    other = -near[0][1]
    low, high = sorted((value, others[other]))
    if high < _FEWEST or high <= MOST_TIMES * low:
        return None
    what = "värdet är många gånger större eller mindre än kommunens eget närmaste"
    told = f"{_swedish(others[other])} {declared.unit} för {other}, högst {MOST_TIMES:g} gånger mer eller mindre"
    return _fault(table, row, declared, what, told, f"år {year}")


def _fault(table: Table, row: Row, declared: TemplateField, what: str, expected: str, found: str) -> Fault:
    given = f"{shown(row.values[declared.series])} {declared.unit} i {declared.head_sv}"
    remedy = (
        f"rätta värdet, och se om enheten är rätt ({declared.unit}); stämmer det verkligen, lämna filen med {CONFIRM}"
    )
    column = table.columns[declared.series]
    return Fault(table.sheet.name, row.number, column, what, expected, f"{given}: {found}", remedy)


def _given(row: Row) -> list[tuple[str, float]]:
    return [(series, value) for series, value in row.values.items() if value is not None]


def _sum(terms: Sequence[Term], values: Mapping[str, float]) -> float:
    total = 0.0
    for term in terms:
        product = term.coefficient
        for name in term.measures:
            product *= values[name]
        total += product
    return total


def _swedish(value: float | None) -> str:
    if value is None:
        return "utan gräns"
    return f"{value:,.0f}".replace(",", " ") if abs(value) >= 100 else f"{value:.4g}".replace(".", ",")
