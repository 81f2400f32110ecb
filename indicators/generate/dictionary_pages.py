"""The dictionary: a page in Swedish for each indicator, from its declaration alone.

Belongs here: the text of the pages. Does not belong here: writing them
(`pipelines/warehouse/generated_files.py`), figures, which belong to a release.
"""

from __future__ import annotations

from indicators.generate.declared_rows import Inherited, Source, aggregation, declared_rows, frames_of
from indicators.generate.source_series_rows import measured_facts
from indicators.load.catalogue import Catalogue
from indicators.model.expression import Term
from indicators.model.indicator import Indicator
from indicators.tables.declared import TABLES

GENERATED = "<!-- Skapad ur deklarationerna av `nyckeltal generate`; ändra inte här. -->"
_KINDS = {
    "count": "antal", "amount": "mängd", "proportion": "andel", "rate": "kvot", "mean": "medelvärde",
    "median": "median", "index": "index", "ordinal": "svar på en skala", "deviation": "avvikelse",
}  # fmt: skip
_POLARITIES = {
    "higher_better": "högre är bättre", "lower_better": "lägre är bättre", "no_judgement": "ingen bedömning",
}  # fmt: skip
_GROUPS = {
    "sum": "summan av medlemmarnas värden", "none": "inget gruppvärde: vikter saknas",
    "weighted": "medlemmarnas täljare delade med deras nämnare (vägt medelvärde)",
}  # fmt: skip
_POPULATIONS = {
    "same": "samma", "adjusted": "gjorda till samma", "reference": "ett antal mot en annan storhet, ingen andel",
    "differs": "olika",
}  # fmt: skip
_REASONS = {
    "n_unknown": "inget: källan ger inte antalet personer bakom värdet",
    "accounts": "inget: bokförda belopp är inget slumpmässigt utfall",
    "no_spread_known": "inget: källan ger inte spridningen bakom medelvärdet, medianen eller indexet",
    "whole_population": "inget: en räkning av hela befolkningen, läst som sådan",
    "not_a_count": "inget: värdet räknar varken personer eller händelser",
    "repeated_events": "inget: en person kan ha flera tillfällen, och källan ger inte hur många",
}
_METHODS = {
    "wilson": "Wilsons metod för en andel av nämnarens personer",
    "poisson": "exakt för färre än tio händelser, därefter Byars metod",
}


def dictionary(catalogue: Catalogue, sources: dict[str, Source]) -> dict[str, str]:
    """File name and text of every page: one for each indicator, and `README.md` as their list.

    Args:
        sources: publishers by id, for attribution and rights.
    """
    rows = declared_rows(catalogue, sources)["indicator"]
    declared = {str(row[0]): dict(zip(TABLES["indicator"], row, strict=True)) for row in rows}
    inherited = Inherited(catalogue)
    pages = {
        f"{i.indicator_id}.md": _page(i, catalogue, declared[i.indicator_id], inherited) for i in catalogue.indicators
    }
    return pages | {"README.md": _list(catalogue)}


def formula(indicator: Indicator, catalogue: Catalogue) -> str:
    """The formula of a value, in measures: the same terms that the warehouse computes with."""
    if indicator.kind == "published":
        made = f"{indicator.dataset} {indicator.series}, som den är"
        return made + (" × KPIF basår / KPIF året" if indicator.is_deflated else "")
    quotient = catalogue.quotient(indicator)
    top, bottom = _sum(quotient.numerator), _sum(quotient.denominator)
    share = f" / min(1, {c.measured} / {c.of})" if (c := indicator.coverage) else ""
    if c and c.adjusts == "denominator":
        bottom = f"({bottom}){share}"
    elif c:
        top = f"({top}){share}"
    text = f"({top}) / ({bottom})" if bottom else top
    if indicator.multiplier and indicator.multiplier != 1:
        text = f"{indicator.multiplier:g} × {text}"
    if indicator.is_deflated and indicator.price_basis:
        text += (
            f" × {indicator.price_basis.index} {indicator.price_basis.base_year} / {indicator.price_basis.index} året"
        )
    return text


def _sum(terms: tuple[Term, ...]) -> str:
    parts = []
    for term in terms:
        factors = [f"{term.coefficient:g}"] if term.coefficient != 1 or not term.measures else []
        parts.append(" × ".join([*factors, *term.measures]))
    return " + ".join(parts)


def _page(indicator: Indicator, catalogue: Catalogue, row: dict[str, object], inherited: Inherited) -> str:
    facts = {
        "Id": f"`{indicator.indicator_id}`",
        "Tema": indicator.theme.value + (f" ({indicator.workforce})" if indicator.workforce else ""),
        "Enhet": f"{indicator.unit}, {_KINDS[indicator.value_type]}, {indicator.decimals} decimaler",
        "Riktning": _POLARITIES[indicator.polarity],
        "Kostnadsbegrepp": indicator.cost_concept,
        "Prisbas": row["price_basis"],
        **_measured(indicator, catalogue),
        "Formel": f"`{formula(indicator, catalogue)}`",
        "Vikt och nämnare": f"`{indicator.weight}`" if indicator.weight else None,
        "Täljarens och nämnarens population": _population(indicator),
        "Täckning": _coverage(indicator),
        "Gruppvärde": _GROUPS[aggregation(indicator)],
        "Konfidensintervall": _interval(indicator),
        "Glidande medelvärde": f"{indicator.mean_of_years} år" if indicator.mean_of_years > 1 else None,
        "Rimligt mellan": f"{_bound(indicator.plausible.min)} och {_bound(indicator.plausible.max)}",
        "Ramverk": ", ".join(f"{frame}: {item}" for frame, item in frames_of(indicator)) or None,
        "Underlag": f"{row['source_id']}: {row['source_series']}",
        "Källhänvisning": row["attribution"],
        "Villkor": row["rights"],
        "Inbäddade värden": None if indicator.embedded else "nej, värden kommer från den levande källan",
        "Serien slutade": indicator.series_ended,
        "Definitionens version": f"{indicator.definition_version}, gäller från {indicator.valid_from}",
    }
    lines = [GENERATED, f"# {indicator.title_sv}", "", f"*{indicator.title_en}*", "", indicator.definition_sv, ""]
    lines += [f"**Används till:** {indicator.purpose_sv}", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {_cell(value)} |" for name, value in facts.items() if value is not None]
    lines += _measures(indicator, catalogue)
    lines += _years("Brott i serien", inherited.breaks(indicator))
    lines += _years("Mättes inte", inherited.not_collected(indicator))
    if indicator.replaced_by:
        name = indicator.replaced_by.indicator
        lines += ["", f"**Efterträds av** [{name}]({name}.md): {indicator.replaced_by.reason_sv}"]
    if indicator.notes:
        lines += ["", f"**Att tänka på:** {indicator.notes}"]
    return "\n".join(lines) + "\n"


def _measures(indicator: Indicator, catalogue: Catalogue) -> list[str]:
    coverage = [indicator.coverage.measured, indicator.coverage.of] if indicator.coverage else []
    named = dict.fromkeys([*catalogue.quotient(indicator).measures, *coverage])
    rows = [catalogue.measure_by_id[m] for m in named]
    if not rows:
        return []
    head = ["", "| mått | vad det är | enhet | serie |", "|---|---|---|---|"]
    return [*head, *(f"| `{m.measure_id}` | {_cell(m.title_sv)} | {m.unit} | {m.dataset} {m.series} |" for m in rows)]


def _years(title: str, years: dict[int, str]) -> list[str]:
    return ["", f"**{title}:**", "", *(f"- {year}: {reason}" for year, reason in years.items())] if years else []


def _interval(indicator: Indicator) -> str:
    if indicator.interval_method:
        return _METHODS[indicator.interval_method]
    return _REASONS[str(indicator.no_interval_reason)]


def _population(indicator: Indicator) -> str | None:
    told = indicator.population
    return f"{_POPULATIONS[told.verdict]}: {told.reason_sv}" if told else None


def _measured(indicator: Indicator, catalogue: Catalogue) -> dict[str, str | None]:
    """What the source measures, where its series is taken as it is, or in fixed prices."""
    told = catalogue.measured.get((indicator.dataset or "", indicator.series or ""))
    return measured_facts(told) if told else {}


def _coverage(indicator: Indicator) -> str | None:
    told = indicator.coverage
    if told is None:
        return None
    below = "bär värdet en varning" if told.adjusts == "none" else "finns inget värde"
    return f"`{told.measured}` / `{told.of}`; under {100 * told.least:g} procent {below}. {told.reason_sv}"


def _bound(value: float | None) -> str:
    return "…" if value is None else f"{value:,.10g}".replace(",", "\u00a0").replace(".", ",")


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def _list(catalogue: Catalogue) -> str:
    lines = [GENERATED, "# Nyckeltalen", "", f"{len(catalogue.indicators)} nyckeltal, efter tema.", ""]
    for theme in sorted({i.theme for i in catalogue.indicators}):
        chosen = [i for i in catalogue.indicators if i.theme == theme]
        lines += [f"## {theme.value.capitalize()}", "", f"{len(chosen)} nyckeltal.", ""]
        lines += [f"- [{i.title_sv}]({i.indicator_id}.md), {i.unit}" for i in chosen]
        lines.append("")
    return "\n".join(lines)
