"""How often the interval of a place holds the true one, and how often something stands out where nothing is unusual.

Belongs here: fields made by chance with a seed from real numbers of persons and real spreads, and the tables of
docs/method.md, which a test holds against this. Does not belong here: the methods (`indicators/statistics`), what was
tried beside them (`place_candidates.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.random import Generator
from scipy import stats

from indicators.statistics import funnel
from indicators.statistics.funnel import Floats, Integers
from indicators.statistics.rank_interval import rank_intervals
from indicators.statistics.standing_out import LEVEL, adjusted
from pipelines.settings import Settings
from pipelines.storage import release_pointer
from pipelines.storage.release_pointer import DATABASE
from tests.calibration import place_candidates
from tests.calibration.trend_sizes import as_markdown

SEEN = Path(__file__).with_suffix(".json")
YEAR, DRAWS, OF_SIMULATED, GROUPS = 2022, 80, 200, 10
INDICATORS = (
    "trygghet_hemtjanst", "trygghet_sarskilt_boende", "andel_hemtjanst_80", "hemtjansttagare_120_timmar_andel",
    "fallskador_80",
)  # fmt: skip
_PER = {"fallskador_80": 100_000 / 3}  # a rate of three years; the others are shares in per cent
_WHOLE = {"trygghet_hemtjanst", "trygghet_sarskilt_boende"}  # published in whole per cent
Shape = Callable[[Generator, int], Floats]
# The true levels, in standard deviations of their spread: as they are, or by chance.
SHAPES: dict[str, Shape | None] = {
    "as observed": None,
    "normal": lambda chance, n: chance.standard_normal(n),
    "heavy tails (t, 4)": lambda chance, n: chance.standard_t(4, n) / np.sqrt(2),
    "skewed (exponential)": lambda chance, n: chance.exponential(size=n) - 1,
}
CASES = (
    *((indicator, "as observed", 1.0) for indicator in INDICATORS),
    ("trygghet_hemtjanst", "heavy tails (t, 4)", 1.0),
    ("trygghet_hemtjanst", "skewed (exponential)", 1.0),
    ("trygghet_hemtjanst", "as observed", 0.4),
    ("trygghet_hemtjanst", "normal", 0.1),
)
METHODS = ("in use", "simulated values", "simulated, shrunken", "every pair")


@dataclass(frozen=True)
class Field:
    """A real field: how many persons stand behind each value, and its true levels as far as they show."""

    indicator: str
    n: Floats
    levels: Floats  # distances from the middle in standard deviations of the spread
    centre: float
    variance: float

    @property
    def is_share(self) -> bool:
        return self.indicator not in _PER


def measure(settings: Settings) -> None:
    """Read the fields of the release, write them, and print all tables."""
    folder = release_pointer.current_folder(settings.releases_dir)
    with duckdb.connect(str(folder / DATABASE), read_only=True) as con:
        seen: dict[str, Any] = {indicator: _read(con, indicator) for indicator in INDICATORS}
        seen["correlations"] = _correlations(con)
    lines = (f"  {json.dumps(name)}: {json.dumps(found)}" for name, found in seen.items())
    SEEN.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    for name, table in TABLES.items():
        print(f"{name}\n\n{as_markdown(table())}\n")


def _read(con: duckdb.DuckDBPyConnection, indicator: str) -> dict[str, list[float]]:
    found = con.execute(
        "select value, denominator, lower_95, upper_95 from observation join area using (area_id) "
        "where area_type = 'municipality' and indicator_id = ? and year = ? and sex = 'T' and caution is null "
        "and lower_95 is not null order by area_id",
        [indicator, YEAR],
    ).fetchnumpy()
    value, n, low, high = (np.asarray(found[name], dtype=np.float64) for name in found)
    level, error = funnel.stabilised(value, low, high, is_share=indicator not in _PER)
    centre = float(np.median(level))
    variance = funnel.spread(level, error, centre)
    return {
        "n": n.round(1).tolist(),
        "levels": ((level - centre) / np.sqrt(variance + error**2)).round(3).tolist(),
        "centre": [centre],
        "variance": [variance],
    }


def _correlations(con: duckdb.DuckDBPyConnection) -> list[list[float]]:
    """Of the z-scores that are judged together for a municipality, over municipalities."""
    z = con.execute(
        "pivot (select area_id, indicator_id, z_score from place where basis = 'interval' and z_score is not null) "
        "on indicator_id using any_value(z_score) order by area_id"
    ).pl()
    table = np.ma.masked_invalid(z.drop("area_id").cast(float).to_numpy())  # type: ignore[arg-type]
    return [[round(float(one), 3) for one in row] for row in np.ma.corrcoef(table, rowvar=False)]


def fields() -> dict[str, Field]:
    """The fields as they were written."""
    held = json.loads(SEEN.read_text(encoding="utf-8"))
    return {
        name: Field(name, np.array(held[name]["n"]), np.array(held[name]["levels"]), held[name]["centre"][0],
                    held[name]["variance"][0])
        for name in INDICATORS
    }  # fmt: skip


def drawn(field: Field, shape: str, scale: float, chance: Generator) -> tuple[Floats, Floats, Floats]:
    """True levels, and the observed levels with their errors, as a publisher would print them."""
    make = SHAPES[shape]
    distances = field.levels if make is None else make(chance, len(field.n))
    true = field.centre + scale * np.sqrt(field.variance) * distances
    if field.is_share:
        share = np.sin(np.clip(true, 0.02, np.pi / 2 - 0.02)) ** 2
        found = chance.binomial(field.n.astype(np.int64), share) / field.n.astype(np.int64)
        found = found.round(2) if field.indicator in _WHOLE else found
        low, high = _wilson(found, field.n.astype(np.int64))
        level, error = funnel.stabilised(100 * found, 100 * low, 100 * high, is_share=True)
    else:
        persons = field.n / _PER[field.indicator]
        events = np.maximum(chance.poisson(persons * np.maximum(true, 0) ** 2), 1)
        low, high = stats.gamma.ppf(0.025, events), stats.gamma.ppf(0.975, events + 1)
        level, error = funnel.stabilised(events / persons, low / persons, high / persons, is_share=False)
    return true, level, error


def _wilson(share: Floats, n: Integers) -> tuple[Floats, Floats]:
    z = funnel.NORMAL_95
    half = z * np.sqrt(z * z + 4 * n * share * (1 - share))
    middle, of = 2 * n * share + z * z, 2 * (n + z * z)
    return np.maximum(0, (middle - half) / of), np.minimum(1, (middle + half) / of)


def coverage(field: Field, shape: str, scale: float) -> dict[str, tuple[float, float, float]]:
    """By method: per cent of true places within their intervals, of all and of the worst covered tenth; median width.

    The tenths are by true place and by number of persons.
    """
    chance, n = np.random.default_rng([len(shape), round(100 * scale)]), len(field.n)
    by_size = np.argsort(np.argsort(field.n, kind="stable"))
    within: dict[str, list[Floats]] = {name: [] for name in METHODS}
    widths: dict[str, list[float]] = {name: [] for name in METHODS}
    places = []
    for _ in range(DRAWS):
        true, level, error = drawn(field, shape, scale, chance)
        place = n - np.argsort(np.argsort(true + 1e-9 * chance.standard_normal(n)))
        places.append(place)
        variance = funnel.spread(level, error, float(np.median(level)))
        found = {
            "in use": rank_intervals(level, error, variance),
            "simulated values": place_candidates.simulated(level, error, chance, draws=OF_SIMULATED),
            "simulated, shrunken": place_candidates.simulated(level, error, chance, variance, OF_SIMULATED),
            "every pair": place_candidates.every_pair(level, error),
        }
        for name, (first, last) in found.items():
            within[name].append(((first <= place) & (place <= last)).astype(np.float64))
            widths[name].append(float(np.median(last - first + 1)))
    tenths = [(np.array(places) - 1) * GROUPS // n, np.broadcast_to(by_size * GROUPS // n, (DRAWS, n))]
    return {
        name: (
            float(100 * np.mean(held)),
            min(float(100 * np.array(held)[tenth == k].mean()) for tenth in tenths for k in range(GROUPS)),
            float(np.median(widths[name])),
        )
        for name, held in within.items()
    }


def coverage_table() -> Iterator[list[str]]:
    """Coverage of all municipalities and of the worst tenth, and median width, by field and method."""
    yield ["field", "true levels", "reliability", *METHODS]
    known = fields()
    for indicator, shape, scale in CASES:
        field = known[indicator]
        _, _, error = drawn(field, shape, scale, np.random.default_rng(1))
        between = scale**2 * field.variance
        spread = "" if scale == 1 else f", spread × {scale:g}"
        found = coverage(field, shape, scale)
        cells = (f"{found[m][0]:.1f} / {found[m][1]:.1f} / {found[m][2]:.0f}" for m in METHODS)
        yield [indicator, shape + spread, f"{between / (between + (error**2).mean()):.2f}", *cells]


def false_alarms(field: Field, unusual: int = 0) -> dict[str, float]:
    """Of fields where all but some municipalities belong to one normal spread: what each rule calls outside or unusual.

    Returns:
        Per cent outside 95 per cent limits of chance alone, of chance and Spiegelhalter's variance, of those in use;
        with a p below 5 per cent; of fields with an outlier; and where some are unusual (four standard deviations
        away), of them found, and of outliers that are none.
    """
    chance = np.random.default_rng(unusual)
    outside: dict[str, list[float]] = {"chance alone": [], "winsorised": [], "in use": [], "p": []}
    told: list[tuple[int, int]] = []
    for _ in range(4 * DRAWS):
        shifted = _shifted(field, unusual, chance)
        _, level, error = drawn(shifted, "as observed", 1.0, chance)
        p = np.empty(len(level))
        for third in np.array_split(np.argsort(shifted.n, kind="stable"), 3):
            y, e, usual = level[third], error[third], third >= unusual
            centre = float(np.median(y))
            variances = {"chance alone": 0.0, "winsorised": _winsorised(y, e, centre)}
            variances["in use"] = funnel.spread(y, e, centre)
            for name, variance in variances.items():
                z = (y - centre) / np.sqrt(e**2 + variance)
                outside[name].append(float((np.abs(z[usual]) > funnel.NORMAL_95).mean()))
            p[third] = funnel.two_sided(y, e, centre, variances["in use"], is_share=field.is_share)
        outside["p"].append(float((p[unusual:] < LEVEL).mean()))
        found = adjusted(p) <= LEVEL
        told.append((int(found[:unusual].sum()), int(found[unusual:].sum())))
    right, wrong = np.array(told).T
    shares = np.divide(wrong, right + wrong, out=np.zeros(len(told)), where=right + wrong > 0)
    return {name: 100 * float(np.mean(of)) for name, of in outside.items()} | {
        "any": 100 * float((right + wrong > 0).mean()),
        "found": 100 * float(right.sum() / max(1, unusual * len(told))),
        "wrong": 100 * float(shares.mean()),
    }


def _shifted(field: Field, unusual: int, chance: Generator) -> Field:
    levels = chance.standard_normal(len(field.n))
    levels[:unusual] = np.where(np.arange(unusual) % 2, -4, 4)
    order = np.concatenate([(at := chance.permutation(len(field.n)))[:unusual], at[unusual:]])
    return Field(field.indicator, field.n[order], levels, field.centre, field.variance)


def _winsorised(level: Floats, error: Floats, centre: float) -> float:
    """The variance between areas from the winsorised dispersion, by moments (DerSimonian and Laird), as published."""
    weight, n = 1 / error**2, len(level)
    phi = funnel.dispersion((level - centre) / error)
    return float(max(0.0, n * phi - (n - 1)) / (weight.sum() - (weight**2).sum() / weight.sum()))


def alarm_table() -> Iterator[list[str]]:
    """What is outside the limits where nobody is unusual, and what is found where ten are."""
    yield [
        "field", "outside: chance alone", "winsorised variance", "**in use**", "p below 0.05", "fields with an outlier",
        "of ten unusual, found", "outliers that are none",
    ]  # fmt: skip
    for indicator, field in fields().items():
        nobody, ten = false_alarms(field), false_alarms(field, 10)
        alone = (nobody[name] for name in ("chance alone", "winsorised", "in use", "p", "any"))
        yield [indicator, *(f"{one:.1f}" for one in (*alone, ten["found"], ten["wrong"]))]


def together(method: str, chance: Generator, draws: int = 20_000) -> float:
    """Per cent of municipalities that anything stands out of where nothing is unusual, by the real correlations."""
    matrix = np.array(json.loads(SEEN.read_text(encoding="utf-8"))["correlations"])
    values, vectors = np.linalg.eigh(matrix)
    z = chance.standard_normal((draws, len(matrix))) @ (vectors * np.sqrt(np.maximum(values, 0))).T
    p = 2 * stats.norm.sf(np.abs(z / z.std(axis=0)))
    return float(100 * (stats.false_discovery_control(p, axis=1, method=method) <= LEVEL).any(axis=1).mean())


def together_table() -> Iterator[list[str]]:
    """What is judged together for one municipality."""
    yield ["adjustment", "municipalities with anything that stands out, per cent"]
    for name, method in (("**Benjamini and Hochberg**", "bh"), ("Benjamini and Yekutieli", "by")):
        yield [name, f"{together(method, np.random.default_rng(6)):.1f}"]


TABLES: dict[str, Callable[[], Iterator[list[str]]]] = {
    "coverage of places": coverage_table,
    "outside the funnel": alarm_table,
    "judged together": together_table,
}
