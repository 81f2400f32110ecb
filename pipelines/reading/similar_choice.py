"""What a reader may choose similar municipalities by: a standard set, or variables with weights.

Belongs here: reading a choice, and rejecting what cannot be chosen, with suggestions. Does not belong here: finding the
municipalities (`similar_sql.py`), and the answer (`similar_areas.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from pipelines.errors import UsageError
from pipelines.text.suggestions import names_near

MOST_NEIGHBOURS = 50
_LOG = "log"
_FORM = "measure[:per][:log]=weight, such as invanare_80:invanare=1 or invanare:log=0.5"
_LIST = 'nyckeltal sql "select measure_id, title_sv from measure"'


@dataclass(frozen=True)
class Variable:
    """A measure, divided by another where `per` is one, by its logarithm where `is_log`; `weight` is above 0."""

    measure: str
    per: str | None
    is_log: bool
    weight: float

    @property
    def name(self) -> str:
        """As tables name it: `invanare:landareal:log`."""
        return ":".join([self.measure, *([self.per] if self.per else []), *([_LOG] if self.is_log else [])])

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures that have to be known."""
        return (self.measure, self.per) if self.per else (self.measure,)


@dataclass(frozen=True)
class Choice:
    """How similar municipalities are found.

    `recipe_id`: the standard set; None for the reader's own variables. `made_by`: nyckeltal, kolada or reader.
    `left_out`: variables that were given the weight 0. `valid_from`: first day of a set of Kolada's.
    """

    recipe_id: str | None
    title_sv: str
    made_by: str
    variables: tuple[Variable, ...]
    n: int
    valid_from: date | None = None
    left_out: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Variables and weights as one text, as the SQL takes them."""
        return ", ".join(f"{v.name}={repr(v.weight).removesuffix('.0')}" for v in self.variables)


def choose(
    con: duckdb.DuckDBPyConnection, recipe: str | None, given: Sequence[str] = (), n: int | None = None
) -> Choice:
    """The choice of a reader; the default set where nothing is chosen.

    Args:
        recipe: a standard set. given: variables, each `measure[:per][:log][=weight]`, or several with commas between;
        a weight that is left out is 1. n: how many municipalities; the set's own number where left out.

    Raises:
        UsageError: no such set or measure, a set and variables at once, or a variable, weight or number that cannot be.
    """
    if not con.execute("select 1 from duckdb_tables() where table_name = 'similar_recipe'").fetchall():
        raise UsageError(
            "the release has no sets of similar municipalities, as older code made it", remedy="run `nyckeltal rebuild`"
        )
    if recipe and given:
        raise UsageError("either a standard set or variables", expected="one of them", found=f"{recipe} and variables")
    if n is not None and not 1 <= n <= MOST_NEIGHBOURS:
        raise UsageError(
            "the number of similar municipalities is wrong", expected=f"1 to {MOST_NEIGHBOURS}", found=f"{n}"
        )
    if given:
        variables, left_out = _variables(given, _measures(con), _indicators(con))
        return Choice(None, "Egna variabler och vikter", "reader", variables, n or _default(con)[1], None, left_out)
    return _standard(con, recipe or _default(con)[0], n)


def is_measure(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether a word names a measure."""
    return name in _measures(con)


def _standard(con: duckdb.DuckDBPyConnection, recipe: str, n: int | None) -> Choice:
    sql = (
        "select recipe_id, title_sv, made_by, variables, neighbours, valid_from from similar_recipe order by recipe_id"
    )
    known = {row[0]: row for row in con.execute(sql).fetchall()}
    if recipe not in known:
        near = ", ".join(names_near(recipe, known))
        raise UsageError(
            "there is no such set of similar municipalities", expected=", ".join(known), found=recipe,
            remedy=f"did you mean {near}?" if near else "",
        )  # fmt: skip
    recipe_id, title, made_by, text, neighbours, valid_from = known[recipe]
    if made_by == "kolada" and n not in {None, neighbours}:
        expected = f"{neighbours}, as Kolada's sets have no order"
        raise UsageError("the number of similar municipalities is wrong", expected=expected, found=f"{n}")
    variables = tuple(_variable(word) for word in text.split(",")) if text else ()
    return Choice(recipe_id, title, made_by, variables, n or neighbours, valid_from)


def _default(con: duckdb.DuckDBPyConnection) -> tuple[str, int]:
    row = con.execute("select recipe_id, neighbours from similar_recipe where is_default").fetchone()
    if row is None:  # a release of an older code version has no table at all, and DuckDB says so
        raise UsageError("the release declares no default set", remedy="name a set, or variables")
    return row[0], row[1]


def _measures(con: duckdb.DuckDBPyConnection) -> list[str]:
    return [m for (m,) in con.execute("select measure_id from measure order by 1").fetchall()]


def _indicators(con: duckdb.DuckDBPyConnection) -> set[str]:
    return {i for (i,) in con.execute("select indicator_id from indicator").fetchall()}


def _variables(
    given: Iterable[str], known: Sequence[str], indicators: set[str]
) -> tuple[tuple[Variable, ...], tuple[str, ...]]:
    """The variables with a weight, sorted by name, and the names of those with the weight 0."""
    found: dict[str, Variable] = {}
    for word in (part.strip() for text in given for part in text.split(",")):
        if not word:
            continue
        variable = _variable(word)
        for measure in variable.measures:
            _check_measure(measure, known, indicators)
        if variable.name in found:
            raise UsageError("a variable is named twice", expected="each once", found=variable.name)
        found[variable.name] = variable
    weighted = tuple(found[name] for name in sorted(found) if found[name].weight > 0)
    if not weighted:
        raise UsageError("there is no variable to be similar by", expected=f"a weight above 0; {_FORM}", found="none")
    return weighted, tuple(sorted(name for name in found if found[name].weight == 0))


def _variable(word: str) -> Variable:
    """Parse `measure[:per][:log][=weight]`."""
    name, equals, weight = (part.strip() for part in word.partition("="))
    if name.isdigit():
        remedy = "decimals have a point: 0.5" if not equals else ""
        raise UsageError("this is no variable", expected=_FORM, found=word, remedy=remedy)
    measure, *rest = (part.strip() for part in name.split(":"))
    is_log = bool(rest) and rest[-1] == _LOG
    per = rest[: len(rest) - is_log]
    if not measure or len(per) > 1 or not all(per) or _LOG in {measure, *per}:
        raise UsageError("this is no variable", expected=_FORM, found=word)
    if per == [measure]:
        raise UsageError("a measure divided by itself is 1 everywhere", expected=_FORM, found=word)
    return Variable(measure, per[0] if per else None, is_log, _weight(weight, word) if equals else 1.0)


def _weight(text: str, word: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not math.isfinite(weight) or weight < 0:
        raise UsageError("a weight is a number of at least 0", expected="such as 1 or 0.5", found=word)
    return weight


def _check_measure(measure: str, known: Sequence[str], indicators: set[str]) -> None:
    if measure in known:
        return
    near = ", ".join(names_near(measure, known))
    what = (
        "an indicator is no variable; variables are measures" if measure in indicators else "there is no such measure"
    )
    remedy = f"did you mean {near}? All: {_LIST}" if near else _LIST
    raise UsageError(what, expected=_FORM, found=measure, remedy=remedy)
