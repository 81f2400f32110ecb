"""The tables of SCB's replica and the values of their cells.

Belongs here: variables, codes, labels and figures. Does not belong here: how the API responds (`scb.py`).

Real figures: population 2008–2018 and the price index, from the committed snapshot; the nation's cost of care of older
people 2019–2021. TEST FIGURES, derived from these so that they look likely and can be computed by hand: the totals of
each sex, population 2025, all other costs, all employees. The structures (codes, labels, which areas a table has)
follow the publisher's own metadata.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

import polars as pl

from pipelines.settings import ROOT

Codes = Mapping[str, str]
BANDS = tuple(f"{age}-{age + 4}" for age in range(55, 100, 5))
YEARS = tuple(range(2008, 2019))
COST_OF_CARE_MNKR = {2019: 129_380, 2020: 135_270, 2021: 138_798}
MEN, WOMEN = "1", "2"
_SNAPSHOT = ROOT / "data" / "snapshot"


class NoFigureError(Exception):
    """The replica has no figure for a cell that the publisher has."""


@dataclass
class Variable:
    """A variable of a table: label by code. `codelists` are lists of codes that may stand for its own."""

    code: str
    label: str
    values: dict[str, str]
    eliminable: bool = False
    is_time: bool = False
    codelists: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass
class Table:
    """A table. `cell` gives a value or a sign by the codes of its variables; one that is eliminated is left out.

    A test may change anything: `moments` tells when a content was updated, where it was not with all others (version 1
    only); `signs` puts a sign in every cell that has all of some codes; `lacking` leaves such cells out of answers (in
    json-stat2, which is a whole cube, it leaves out the category); `is_turned` answers in another order of variables
    and categories.
    """

    id: str
    path: str
    label: str
    variables: list[Variable]
    cell: Callable[[Codes], float | str]
    updated: str
    moments: dict[str, str] = field(default_factory=dict)
    signs: list[tuple[dict[str, str], str]] = field(default_factory=list)
    lacking: list[dict[str, str]] = field(default_factory=list)
    is_turned: bool = False

    def variable(self, code: str) -> Variable:
        """A variable by its code."""
        return next(v for v in self.variables if v.code == code)

    def periods(self) -> list[str]:
        """The table's periods, oldest first."""
        return sorted(next(v for v in self.variables if v.is_time).values)


@cache
def names() -> dict[str, str]:
    """Name of each municipality of the snapshot's population."""
    listed = pl.read_csv(_SNAPSHOT / "kolada_municipality.csv", infer_schema=False)
    known = set(_population()["area_id"].unique())
    return {a: n for a, n in listed.select("area_id", "name").sort("area_id").iter_rows() if a in known}


@cache
def _population() -> pl.DataFrame:
    return pl.read_parquet(_SNAPSHOT / "scb_population.parquet")


@cache
def _counted() -> dict[tuple[str, str, str, int], int]:
    """Inhabitants by area (also counties and the nation), age, sex and year."""
    counted: dict[tuple[str, str, str, int], int] = defaultdict(int)
    for series, area, year, sex, value in _population().select("series_id", "area_id", "year", "sex", "value").rows():
        age = series.removeprefix("folkmangd_").replace("_plus", "+").replace("_", "-")
        shares = {WOMEN: int(value) // 2, MEN: int(value) - int(value) // 2}  # of the total: TEST FIGURES
        if age != "totalt":
            shares = {WOMEN if sex == "K" else MEN: int(value)}
        for code, share in shares.items():
            for place in (area, area[:2], "00"):
                counted[place, "tot" if age == "totalt" else age, code, year] += share
    return dict(counted)


def inhabitants(area: str, age: str, sex: str | None, year: int) -> int:
    """Inhabitants of a municipality, a county (two digits) or the nation (00); both sexes for None."""
    sexes = (MEN, WOMEN) if sex is None else (sex,)
    return sum(_counted()[area, age, s, year] for s in sexes)


def _regions(municipalities: Iterable[str], *, counties: bool = True, unknown: tuple[str, ...] = ()) -> dict[str, str]:
    regions, chosen = {"00": "Riket"}, sorted(municipalities)
    if counties:
        regions |= {c: f"län {c}" for c in sorted({m[:2] for m in names()})}
    regions |= {m: names()[m] for m in chosen}
    return dict(sorted(regions.items())) | dict.fromkeys(unknown, "okänd kommun")


def _years(years: Iterable[int]) -> Variable:
    return Variable("Tid", "år", {str(y): str(y) for y in years}, is_time=True)


def _contents(label: str, values: dict[str, str]) -> Variable:
    return Variable("ContentsCode", label, values)


def tables(municipalities: Iterable[str] | None = None, base: int = 1987) -> list[Table]:
    """Every table of the replica, with these municipalities (all, by default) and the price index in this base."""
    chosen = sorted(names() if municipalities is None else municipalities)
    return [_exact(chosen), _noisy(chosen), kpif(base), _costs(chosen), *_employees(chosen)]


def _exact(chosen: list[str]) -> Table:
    """Population to 2018 (the real one goes on to 2024): exact counts, no total of the sexes."""

    def cell(codes: Codes) -> float:
        if "Civilstand" in codes or codes["ContentsCode"] != "BE0101N1":
            raise NoFigureError(str(dict(codes)))
        place = (codes.get("Region", "00"), codes.get("Alder", "tot"), codes.get("Kon"), int(codes["Tid"]))
        try:
            return inhabitants(*place)
        except KeyError as error:
            raise NoFigureError(str(place)) from error

    ages = {str(a): f"{a} år" for a in range(100)} | {"100+": "100+ år", "tot": "totalt ålder"}
    bands = {f"{a}-{a + 4}" if a else "-4": f"{a}-{a + 4} år" for a in range(0, 100, 5)} | {"100+": "100+ år"}
    lists = {"agg_Ålder5år": bands, "vs_ÅlderTotA": {"tot": "totalt ålder"}}
    status = {"OG": "ogifta", "G": "gifta", "SK": "skilda", "ÄNKL": "änkor/änklingar"}
    variables = [
        Variable("Region", "region", _regions(chosen), eliminable=True),
        Variable("Civilstand", "civilstånd", status, eliminable=True),
        Variable("Alder", "ålder", ages, eliminable=True, codelists=lists),
        Variable("Kon", "kön", {MEN: "män", WOMEN: "kvinnor"}, eliminable=True),
        _contents("tabellinnehåll", {"BE0101N1": "Folkmängd", "BE0101N2": "Folkökning"}),
        _years(YEARS),
    ]
    path = "BE/BE0101/BE0101A/BefolkningNy"
    return Table("TAB638", path, "Folkmängden efter region", variables, cell, "2025-02-21T07:00:00Z")


def noisy(area: str, age: str, sex: str, year: int) -> int:
    """TEST FIGURE: inhabitants 2025, from those of 2018, with noise of −2 to 2 of each cell's own."""
    noise = zlib.crc32(f"{area} {age} {sex} {year}".encode()) % 5 - 2
    plain = {"TotSA": "tot", "100+5": "100+"}.get(age, age)
    return max(0, inhabitants(area, plain, None if sex == "TotSa" else sex, 2018) + noise)


def _noisy(chosen: list[str]) -> Table:
    """Population from 2025: noise in each cell, totals published, ages of three widths mixed with several totals."""

    def cell(codes: Codes) -> float:
        if codes["Civilstand"] != "SC" or codes["ContentsCode"] != "000007ME":
            raise NoFigureError(str(dict(codes)))
        try:
            return noisy(codes["Region"], codes["Alder"], codes["Kon"], int(codes["Tid"]))
        except KeyError as error:
            raise NoFigureError(str(dict(codes))) from error

    total = "totalt, samtliga åldrar"
    ages = {str(a): f"{a} år" for a in range(100)} | {"100+1": "100+ år", "TOT1": total}
    ages |= {f"{a}-{a + 4}" if a else "-4": f"{a}-{a + 4} år" for a in range(0, 100, 5)} | {"100+5": "100+ år"}
    ages |= {f"{a}-{a + 9}" if a else "-9": f"{a}-{a + 9} år" for a in range(0, 100, 10)} | {"100+10": "100+ år"}
    ages |= {"TOT5": total, "TOT10": total, "TotSA": total}
    status = {"OG": "ogift", "G": "gift", "SK": "skild", "ÄNKL": "änka/änkling", "SC": "totalt, samtliga civilstånd"}
    sexes = {"TotSa": "totalt, samtliga män och kvinnor", MEN: "män", WOMEN: "kvinnor"}
    variables = [
        Variable("Region", "region", _regions(chosen), eliminable=True),
        Variable("Civilstand", "civilstånd", status),
        Variable("Alder", "ålder", ages),
        Variable("Kon", "kön", sexes, eliminable=True),
        _contents("tabellinnehåll", {"000007ME": "Folkmängd", "000007MG": "Folkökning"}),
        _years([2025]),
    ]
    path = "BE/BE0101/BE0101A/BefolkningCKM"
    return Table("TAB5557", path, "Folkmängden efter region, CKM", variables, cell, "2026-02-20T07:00:00Z")


@cache
def index_1987() -> dict[str, float]:
    """The price index by month, 1987=100."""
    rows = pl.read_csv(_SNAPSHOT / "scb_kpif.csv").select("year", "month", "value").sort("year", "month").rows()
    return {f"{year}M{month:02d}": value for year, month, value in rows}


def kpif(base: int) -> Table:
    """The price index; for another base than 1987, TEST FIGURES."""
    mean = sum(v for m, v in index_1987().items() if m.startswith(str(base))) / 12
    values = {m: v if base == 1987 else round(100 * v / mean, 2) for m, v in index_1987().items()}

    def cell(codes: Codes) -> float:
        if codes["ContentsCode"] != "000007ZN":
            raise NoFigureError(str(dict(codes)))
        return values[codes["Tid"]]

    told = {"000007ZO": "månadsförändring", "000007ZN": "index", "000007ZM": "12-månadsförändring"}
    variables = [
        _contents("tabellinnehåll", {code: f"KPIF, {word}, {base}=100" for code, word in told.items()}),
        Variable("Tid", "månad", {m: m for m in values}, is_time=True),
    ]
    path = "PR/PR0101/PR0101G/KPIF2020"
    return Table("TAB6590", path, "KPIF", variables, cell, "2024-04-12T06:00:00Z")


def cost(area: str, activity: str, content: str, year: int) -> int:
    """A cost, tkr. The nation's care of older people 2019–2021 is the published one; all others are TEST FIGURES."""
    nation = COST_OF_CARE_MNKR.get(year) or 129_380 + 4_000 * (year - 2019)
    share = {"590": 2.0, "510": 1.0, "513": 0.5, "520": 0.1, "500": 0.02, "505": 0.03}[activity]
    concept = {"0000005Z": 1.1, "00000060": 1.0, "0000005X": 0.95}[content]
    part = inhabitants(area, "tot", None, 2018) / inhabitants("00", "tot", None, 2018)
    return round(1000 * nation * share * concept * part)


def _costs(chosen: list[str]) -> Table:
    """Municipal accounts."""

    def cell(codes: Codes) -> float:
        try:
            return cost(codes["Region"], codes["Verksomrkom"], codes["ContentsCode"], int(codes["Tid"]))
        except KeyError as error:
            raise NoFigureError(str(dict(codes))) from error

    activities = {
        "490": "PEDAGOGISK VERKSAMHET, TOTALT",
        "590": "VÅRD OCH OMSORG, TOTALT",
        "500": "Primärvård",
        "505": "Hälso- och sjukvård, övrigt exkl. hemsjukvård",
        "510": "Vård och omsorg om äldre",
        "520": "Insatser till personer med funktionsnedsättning (ej LSS/SFB)",
        "513": "Insatser enligt LSS/SFB",
        "530": "Färdtjänst/riksfärdtjänst",
    }
    contents = {
        "0000005Z": "Bruttokostnad",
        "0000005Y": "Bruttointäkt",
        "0000005X": "Nettokostnad",
        "00000060": "Kostnad för det egna åtagandet",
        "00000061": "Produktionskostnad",
    }
    variables = [
        Variable("Region", "region", _regions(chosen, counties=False), eliminable=True),
        Variable("Verksomrkom", "verksamhetsområde", activities),
        _contents("tabellinnehåll", contents),
        _years(range(2011, 2025)),
    ]
    path = "OE/OE0107/OE0107B/KostnDR"
    return Table("TAB4199", path, "Kostnader och intäkter", variables, cell, "2025-08-29T06:00:00Z")


def employees(table: str, area: str, occupation: str, sex: str, year: int) -> float | str:
    """TEST FIGURE: employees, a little different in each making of the register; fewer than 3 are `..`."""
    share = {"153": 0.002, "222": 0.012, "532": 0.02, "533": 0.011}.get(occupation, 0.005)
    place = "00" if area in {"99", "9999"} else area
    people = inhabitants(place, "tot", None, 2018) * share * (0.85 if sex == WOMEN else 0.15)
    found = round(people * (1 + len(table) / 100 + (year - 2014) / 50) * (0.001 if area in {"99", "9999"} else 1))
    return found if found >= 3 else ".."


_SSYK3 = {
    "153": "Chefer inom äldreomsorg",
    "222": "Sjuksköterskor",
    "223": "Sjuksköterskor (fortsättning)",
    "532": "Undersköterskor",
    "533": "Vårdbiträden",
    "0002": "yrke okänt",
}
_SSYK4 = {
    "2221": "Grundutbildade sjuksköterskor",
    "2224": "Distriktssköterskor",
    "2227": "Geriatriksjuksköterskor",
    "5321": "Undersköterskor, hemtjänst, hemsjukvård och äldreboende",
    "5322": "Undersköterskor, habilitering",
    "5330": "Vårdbiträden",
    "0002": "yrke okänt",
}
_MAKINGS = {"": (2014, 2018), "N": (2019, 2021), "BAS": (2020, 2024)}


def _employees(chosen: list[str]) -> list[Table]:
    """Employees by occupation: three digits by municipality, four digits by county, in three makings each."""
    ids = {"YREG58": "TAB4396", "YREG58N": "TAB3119", "YREG58BAS": "TAB4434"}
    made = []
    for stem, room, occupations in (("YREG60", "AM0208M", _SSYK4), ("YREG58", "AM0208D", _SSYK3)):
        is_municipal = stem == "YREG58"
        regions = _regions(chosen, unknown=("99", "9999")) if is_municipal else _regions([], unknown=("99",))
        for making, (first, last) in _MAKINGS.items():
            name = stem + making

            def cell(codes: Codes, name: str = name) -> float | str:
                return employees(name, codes["Region"], codes["Yrke2012"], codes["Kon"], int(codes["Tid"]))

            label = "Anställda 16-64 år med arbetsplats i regionen (dagbef)"
            variables = [
                Variable("Region", "region", regions, eliminable=True),
                Variable("Yrke2012", "Yrke (SSYK 2012)", occupations),
                Variable("Kon", "kön", {MEN: "män", WOMEN: "kvinnor"}, eliminable=True),
                _contents("tabellinnehåll", {f"00000{stem[-2:]}{last}": label}),
                _years(range(first, last + 1)),
            ]
            path = f"AM/AM0208/{room}/{name}"
            made.append(Table(ids.get(name, name), path, name, variables, cell, "2025-12-04T07:00:00Z"))
    return made
