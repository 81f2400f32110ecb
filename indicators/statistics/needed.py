"""How many municipalities and measurements a question would need, from the spread of the nearest figure.

Belongs here: what a comparison of the nearest figure could have found where nothing happened, and the row that tells
it. Does not belong here: what is needed (`model/needed.py`), the power of a study that was made (`minimal_effect`).

The least effect of a region is that of the same test that decides studies: among made-up regions (`permuted.py`), with
the proxy's own changes. How many municipalities would be enough where they lie spread over the country, and share no
shocks, is the sample size of a t-test (Cohen 1988; statsmodels).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, isfinite
from typing import Any, NamedTuple

import numpy as np

from indicators.model.needed import Needed
from indicators.statistics.conclusion import number_word, rounded_up
from indicators.statistics.effect_words import difference_unit
from indicators.statistics.figures import Figures, Panel
from indicators.statistics.panel import FEWEST_OTHERS, FEWEST_TREATED
from indicators.statistics.panel_study import Changes, by_region
from indicators.statistics.permuted import LEVEL, POWER

FEWEST_AREAS = 40  # with fewer, the spread between municipalities is not known
MOST_MEASUREMENTS = 5


class Sufficient(NamedTuple):
    """What would be enough. None where the proxy cannot say, or where nothing that it can tell of would be enough.

    `spread`: standard deviation of the proxy's change between municipalities. `least`: the least effect that the
    treated could show with the declared measurements; `measurements`: before, and as many after, with which they could
    show the effect; `municipalities`: in all, half of them with what is studied and spread over the country.
    """

    treated: int
    others: int
    spread: float | None = None
    least: float | None = None
    measurements: int | None = None
    municipalities: int | None = None


def sufficient(need: Needed, figures: Figures) -> Sufficient:
    """What would be enough to show the effect of a declared need."""
    everyone, treated = figures.others([]), set(figures.municipalities(need.treated))
    known = Sufficient(len(treated), len(everyone) - len(treated))
    proxy = _proxy(need, figures, everyone)
    if proxy is None:
        return known
    spread = _mean(float(change.mean[0].std(ddof=1)) for change in _changes(proxy, need.measurements))
    if not spread:
        return known
    least = _least(proxy, need.measurements, treated, figures)
    shows = least is not None and least <= need.effect
    others = range(1, need.measurements) if shows else range(need.measurements + 1, MOST_MEASUREMENTS + 1)
    found = ((k, _least(proxy, k, treated, figures)) for k in others)
    enough = (k for k, of_k in found if of_k is not None and of_k <= need.effect)
    return known._replace(
        spread=spread,
        least=least,
        measurements=next(enough, need.measurements if shows else None),
        municipalities=municipalities_for(need.effect, spread),
    )


def municipalities_for(effect: float, spread: float) -> int:
    """How many municipalities find the effect, half of them with it: changes of this standard deviation, independent.

    Of `POWER` cases at `LEVEL`, two-sided.
    """
    from statsmodels.stats.power import TTestIndPower  # noqa: PLC0415 - two seconds to load

    each = TTestIndPower().solve_power(effect_size=effect / spread, ratio=1.0, alpha=LEVEL, power=POWER)
    return 2 * max(2, ceil(float(np.max(each)) - 1e-9))


def _proxy(need: Needed, figures: Figures, areas: tuple[str, ...]) -> Panel | None:
    """The proxy's values in the unit of the effect; None with a break, or too few municipalities."""
    first, last = need.proxy_years
    cut = figures.panel(need.proxy, areas, range(first, last + 1))
    if figures.has_break(need.proxy, first, last) or not cut.areas:
        return None
    level = cut.values.mean(axis=1, keepdims=True)
    kept = (level != 0).ravel() if need.effect_in == "percent" else np.ones(len(cut.areas), dtype=bool)
    if kept.sum() < FEWEST_AREAS:
        return None
    values = 100 * cut.values[kept] / level[kept] if need.effect_in == "percent" else cut.values
    return cut._replace(areas=tuple(np.array(cut.areas)[kept].tolist()), values=values)


def _changes(proxy: Panel, measurements: int) -> Iterator[Changes]:
    """Each area's change over stretches of so many measurements before and as many after.

    The first of the series, a middle one and the last; none in a series that is shorter than one.
    """
    last = len(proxy.years) - 2 * measurements
    for start in sorted({0, last // 2, last}) if last >= 0 else ():
        stretch = slice(start, start + 2 * measurements)
        years = proxy.years[stretch]
        yield Changes.at_once(proxy.values[:, stretch], years, int(years[measurements]))


def _least(proxy: Panel, measurements: int, treated: set[str], figures: Figures) -> float | None:
    """The least effect that the treated could have shown, as a mean over the stretches, so that no pair decides."""
    with_values = len(treated & set(proxy.areas))
    if with_values < FEWEST_TREATED or len(proxy.areas) - with_values < FEWEST_OTHERS:
        return None  # no study would be made of them
    areas = list(figures.others([]))
    found = []
    for change in _changes(proxy, measurements):
        decided = by_region(proxy, change, [treated], areas, figures)
        if decided is None or not isfinite(decided.found.minimal_effect):
            return None
        found.append(decided.found.minimal_effect)
    return _mean(found)


def _mean(numbers: Iterator[float] | list[float]) -> float | None:
    held = list(numbers)
    return sum(held) / len(held) if held else None


def need_row(study_id: str, need: Needed, figures: Figures) -> dict[str, Any]:
    """The row of `study_need`: what is declared, and what is computed of it."""
    enough = sufficient(need, figures)
    unit = "procent" if need.effect_in == "percent" else difference_unit(figures.units.get(need.proxy, ""))
    return {
        "study_id": study_id, "need_id": need.need_id, "what_sv": need.what_sv, "figures_sv": need.figures_sv,
        "data_gaps": ", ".join(need.data_gaps), "collectable": need.collectable, "proxy_indicator_id": need.proxy,
        "proxy_because_sv": need.proxy_because_sv, "effect": need.effect, "unit": unit,
        "effect_because_sv": need.effect_because_sv, "treated": ", ".join(need.treated),
        "measurements": need.measurements, "areas_treated": enough.treated, "areas_compared": enough.others,
        "spread": enough.spread, "minimal_effect": enough.least, "measurements_needed": enough.measurements,
        "municipalities_needed": enough.municipalities, "needed_sv": _in_words(need, enough, unit),
    }  # fmt: skip


def _in_words(need: Needed, enough: Sufficient, unit: str) -> str:
    """What would be enough, in sentences."""
    if enough.municipalities is None:
        return (
            "Hur många kommuner och mätningar som skulle räcka går inte att säga: det närmaste talet finns för få år "
            "eller i för få kommuner."
        )
    wanted = _of(f"{need.effect:g}".replace(".", ","), unit)
    told = ["Talen kan inte fås i efterhand; hade de funnits gällde detta."] if need.collectable == "never" else []
    told += _of_the_treated(need, enough, unit, wanted)
    if enough.municipalities > enough.treated + enough.others:
        told.append(f"Spridda över landet räcker inte ens alla kommuner för {wanted}.")
    else:
        told.append(
            f"Spridda över landet räcker {enough.municipalities} kommuner för {wanted}, hälften med det som studeras, "
            f"{_measured(need.measurements)} före och lika många efter."
        )
    return " ".join(told)


def _of_the_treated(need: Needed, enough: Sufficient, unit: str, wanted: str) -> list[str]:
    """What the declared municipalities could show."""
    which = f"{enough.treated} {'kommun' if enough.treated == 1 else 'kommuner'} mot {enough.others} andra"
    if enough.least is None:
        fewest = f"{number_word(FEWEST_TREATED)} behöver beröras och {FEWEST_OTHERS} finnas att jämföra med"
        return [f"Med {which} kan inget prövas: minst {fewest}."]
    least = _of(rounded_up(enough.least), unit)
    each = f"{_measured(need.measurements)} före och lika många efter"
    found = f"Med {each}, i {which}, upptäcks en skillnad på minst {least} i fyra fall av fem."
    if enough.measurements is None:
        return [found, f"Om fler mätningar skulle räcka för {wanted} kan det närmaste talet inte säga."]
    return [found, f"De kan visa {wanted} med {_measured(enough.measurements)} före och lika många efter."]


def _of(amount: str, unit: str) -> str:
    return f"{amount} {'procentenhet' if amount == '1' and unit == 'procentenheter' else unit}"


def _measured(n: int) -> str:
    return "en mätning" if n == 1 else f"{number_word(n)} mätningar"
