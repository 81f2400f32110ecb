"""The budgets: what may be spent on what, each declared once, and the table of what was seen.

Belongs here: limits, verdicts, the form of the table. Does not belong here: measuring.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

FLOOR = "×"  # the unit of a budget that is a ratio of CPU seconds


@dataclass(frozen=True)
class Budget:
    """What may be spent: at most `limit` of `unit`. `how` says what exactly is measured."""

    key: str
    what: str
    limit: float
    unit: str
    how: str


@dataclass(frozen=True)
class Seen:
    """What was seen of a budget, in its unit.

    `floor` is what it is a ratio to. `fault`: why the budget does not hold, whatever the value.
    """

    value: float
    told: str = ""
    floor: str = ""
    fault: str = ""


_LEAST = "one thread, every row fetched, the least of fifty"
BUDGETS = (
    Budget("tables", "first refresh, tables", 3, FLOOR, "in an empty folder, a release of tables alone"),
    Budget("whole", "first refresh, with package and pages", 5, FLOOR, "in an empty folder"),
    Budget("changed", "one changed value, everything published", 1, FLOOR, "one value is one percent higher"),
    Budget("new_year", "a new year of one KPI, everything published", 1.2, FLOOR, "last year's values and two percent"),
    Budget("nothing", "nothing new", 0.1, FLOOR, "the same figures again; it may write to the log of runs alone"),
    Budget("written", "written to disk for one changed value", 60, "MB", "new and changed files whole, links aside"),
    Budget("release", "one release, everything", 400, "MB", "the bytes of its files"),
    Budget("full", "full Kolada, 9.5 M rows, tables", 2, FLOOR, "a first refresh, to the floor at that scale"),
    Budget("thrice", "three times the rows of full Kolada", 3.1, FLOOR, "a first refresh, to that of full Kolada"),
    Budget("memory", "peak memory of all refreshes above", 1500, "MB", "all processes together, ten samples a second"),
    Budget("sql", '`nyckeltal sql "select 1"`', 0.35, "CPU s", "the least of five"),
    Budget("status", "`nyckeltal status`", 0.35, "CPU s", "the least of five"),
    Budget("help", "`nyckeltal --help`", 0.35, "CPU s", "the least of five"),
    Budget("area", "one area's comparison in the release", 2, "CPU ms", f"one year, T, every column; {_LEAST}"),
    Budget("indicator", "one indicator, all areas, all years", 15, "CPU ms", f"every column of `comparison`; {_LEAST}"),
    Budget("as_of", "as of a moment, one indicator", 5, "CPU ms", f"values of all areas and years; {_LEAST}"),
    Budget("api", "API, uncached mix, a request", 4, "CPU ms", "the server's processes; one client, no question twice"),
    Budget("environment", "environment with uv, cold", 15, "s", "by the clock; requirements.lock, an empty cache"),
)  # fmt: skip
_BY_KEY = {budget.key: budget for budget in BUDGETS}


@dataclass
class Results:
    """What was seen so far, and why the rest was not measured."""

    seen: dict[str, Seen] = field(default_factory=dict)
    not_measured: dict[str, str] = field(default_factory=dict)

    def put(self, key: str, seen: Seen) -> None:
        """Keep what was seen of a budget."""
        self.seen[_BY_KEY[key].key] = seen

    def leave_out(self, keys: Iterable[str], why: str) -> None:
        """Say why budgets are not measured in this run."""
        self.not_measured.update({_BY_KEY[key].key: why for key in keys})

    def table(self) -> str:
        """The table in Markdown, a row for each budget."""
        rows = [
            "| what | must | seen | the floor | ratio | verdict |",
            "|---|---|---|---|---|---|",
            *(self._row(budget) for budget in BUDGETS),
        ]
        return "\n".join(rows)

    @staticmethod
    def notes() -> str:
        """How each budget is measured, as a list in Markdown."""
        return "\n".join(f"- {budget.what}: {budget.how}." for budget in BUDGETS)

    def _row(self, budget: Budget) -> str:
        limit = f"≤ {budget.limit:g}{budget.unit if budget.unit == FLOOR else f' {budget.unit}'}"
        seen = self.seen.get(budget.key)
        if seen is None:
            why = self.not_measured.get(budget.key, "not come to")
            return f"| {budget.what} | {limit} | not measured: {why} |  |  | – |"
        if budget.unit == FLOOR:
            told, ratio = seen.told, f"{_number(seen.value, budget.limit)}×"
        else:
            told, ratio = f"{_number(seen.value, budget.limit)} {budget.unit}", ""
            told += f" ({seen.told})" if seen.told else ""
        return f"| {budget.what} | {limit} | {told} | {seen.floor} | {ratio} | {verdict(budget, seen)} |"


def verdict(budget: Budget, seen: Seen) -> str:
    """Whether a budget holds."""
    if seen.value > budget.limit:
        return "does not hold" + (f": and {seen.fault}" if seen.fault else "")
    return f"does not hold: {seen.fault}" if seen.fault else "holds"


def _number(value: float, limit: float) -> str:
    """With so many digits that a value beyond its limit never looks as if it were within it."""
    for digits in range(1 if limit >= 50 else 2, 8):
        told = f"{value:.{digits}f}"
        if (float(told) > limit) == (value > limit):
            return told
    return str(value)
