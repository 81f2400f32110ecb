"""The package's readme: what it is, which files, how to read and to cite them, and the terms.

Belongs here: the Swedish text of README.md and of the workbook's first sheet. Does not belong here: figures.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import polars as pl

from indicators.model import words
from pipelines.release.package import titles
from pipelines.release.package.contents import (
    CHANGES,
    CODES,
    DATAPACKAGE,
    DICTIONARY,
    INDICATORS,
    JSON_LD,
    SCHEMA_ORG,
    TURTLE,
    WORKBOOK,
)  # fmt: skip
from pipelines.release.package.identity import RULES_SV, Identity
from pipelines.release.package.workbook import MAX_ROWS
from pipelines.text import csv_values
from pipelines.text.normalise import AREA_PREFIX
from pipelines.text.swedish_numbers import number

Parts = list[tuple[str, Sequence[str]]]
_FILES = (
    (WORKBOOK, "arbetsbok med ett blad per tema, åren som kolumner, och ett blad med alla definitioner"),
    ("csv/excel/", "en zip-fil per tema för svenskt Excel, med en CSV-fil i: semikolon, decimalkomma, UTF-8 med BOM"),
    ("csv/plain/", "samma rader för allt annat: komma, decimalpunkt, UTF-8, komprimerade med gzip (`.csv.gz`)"),
    ("json-stat/", "en fil per nyckeltal i JSON-stat 2.0, med områden, år och kön"),
    ("nyckeltal.duckdb", "alla tabeller och vyer i en DuckDB-databas; varje kolumn har en beskrivning"),
    ("parquet/", "en fil per tabell"),
    (INDICATORS, "nyckeltalen: definition, syfte, enhet, riktning, kostnadsbegrepp, prisnivå, källa, villkor"),
    (CODES, "varje kod i CSV-filerna, vad den står för, och hur tabellerna skriver den"),
    (DICTIONARY, "varje tabell och kolumn med typ och beskrivning (på engelska)"),
    (CHANGES, "vad som skiljer sig från utgåvan före"),
    (DATAPACKAGE, "Frictionless Data Package: varje fil med kolumner, storlek och SHA-256"),
    (f"{TURTLE}, {JSON_LD}", "katalogpost enligt DCAT-AP-SE 3.0.1"),
    (SCHEMA_ORG, "post för sökmotorer (schema.org Dataset)"),
    ("SHA256SUMS", "varje fil med SHA-256: `sha256sum -c SHA256SUMS` visar att en kopia av mappen är hel"),
)


_UNCURATED = (
    "Därtill {} ogranskade nyckeltal ur Kolada, med källans egna titlar och beskrivningar: de står i databasen, i "
    "parquet, i csv/plain/kolada.csv.gz och i indikatorer.csv (tema kolada), men inte i arbetsboken, json-stat och "
    "csv/excel. Ingen här har undersökt deras enhet, riktning, kostnadsbegrepp och brott."
)


def about(
    identity: Identity,
    indicator: pl.DataFrame,
    values: int,
    years: tuple[int, int],
    changes: str,
    rows: Mapping[str, int],
    uncurated: int = 0,
) -> Parts:
    """What the package is and how to read and cite it, as headings with paragraphs.

    Args:
        indicator: the table. values: how many. years: the first and the last. changes: a summary of changes.
        rows: how many rows each theme has. uncurated: how many indicators nobody has reviewed, which are not among
        those.
    """
    stale = ", ".join(identity.info.stale_sources)
    return [
        (
            "Vad detta är",
            [
                titles.ABOUT_SV,
                f"{number(indicator.height)} nyckeltal och {number(values)} värden, {years[0]}–{years[1]}.",
                *([_UNCURATED.format(number(uncurated))] if uncurated else []),
                changes,
                *([f"Dessa leveranser kom inte fram och står som de var: {stale}."] if stale else []),
            ],
        ),
        (
            "Utgåvan",
            [
                f"Utgåva: {identity.info.release_id}",
                f"Datum: {identity.date}",
                f"Underlagets SHA-256: {identity.info.input_hash}",
                f"Utgivare: {identity.publisher}",
                *([f"Kontakt: {identity.email}"] if identity.email else []),
                *([f"Adress: {identity.base}"] if identity.public_url else []),
            ],
        ),
        ("Så citeras utgåvan", [identity.cite(), *RULES_SV]),
        ("Så läses värdena", _reading()),
        ("Koder i CSV", _in_csv(rows)),
        ("Villkor", _terms(indicator)),
    ]


def _reading() -> list[str]:
    """How values are read, and which columns qualify them."""
    return [
        "Ett saknat värde är en tom cell, aldrig noll. Kolumnerna status och missing_reason säger varför; i "
        "arbetsboken står det under Anmärkning.",
        *(f"{code}: {meaning}" for code, meaning in words.STATUSES.items()),
        "caution säger varför ett värde som står inte går att lita på; det ingår inte i medelvärden, placeringar och "
        "jämförelser.",
        *(f"{code}: {meaning}" for code, meaning in words.CAUTIONS.items()),
        "break_before är sant för ett år då mätningen lades om: jämför inte med åren före.",
        "lower_95 och upper_95 är gränserna för ett 95-procentigt intervall, där det finns ett.",
        "Kostnad och nettokostnad är olika begrepp och jämförs inte, och löpande priser inte med fasta.",
        "Värden för län och grupper är vägda med nämnaren, om inget annat sägs.",
        f"Kön: {', '.join(f'{code} {label.lower()}' for code, label in words.SEXES.items())}. Koder är text "
        "och behåller sina nollor.",
    ]


def _in_csv(rows: Mapping[str, int]) -> list[str]:
    """How CSV differs from the tables, in Swedish and in English, and which files are not in the workbook."""
    prefix, absent = AREA_PREFIX, csv_values.ABSENT
    sexes = ", ".join(f"{word} ({code})" for code, word in csv_values.SEXES.items())
    large = [f"{theme}.csv ({number(n)} rader)" for theme, n in rows.items() if n > MAX_ROWS]
    theme, most = max(rows.items(), key=lambda told: told[1], default=("", 0))
    held = (
        f"Större än ett kalkylblad (1 048 576 rader), och avhuggna av Excel och LibreOffice: {', '.join(large)}."
        if large
        else f"Alla CSV-filer ryms i ett kalkylblad (1 048 576 rader); störst är {theme}.csv med {number(most)} rader."
    )
    return [
        "Filerna för teman är stora och därför komprimerade. R, pandas, polars och DuckDB läser .csv.gz utan att den "
        "packas upp (fread i data.table behöver paketet R.utils). För Excel: dubbelklicka på en zip-fil i csv/excel, "
        f"och sedan på CSV-filen i den; eller öppna {WORKBOOK}, som har alla värden, med åren som kolumner.",
        f"I CSV-filerna, och bara där, börjar en kod av siffror med {prefix} ({prefix}0180 är 0180), och kön står som "
        f"{sexes}. En text som saknas är {absent}, sant och falskt är TRUE och FALSE, och andra texter som ett program "
        "kunde ta för tal, datum eller formel har en apostrof först. R, pandas, polars och DuckDB läser filerna i "
        f"csv/plain rätt utan inställningar; LibreOffice frågar efter teckenkodning: välj UTF-8. {CODES} har varje kod "
        "i båda formerna.",
        f"In English: in the CSV files, and only there, a code of digits begins with {prefix} ({prefix}0180 is 0180), "
        f"and sex is {sexes}. A text that is missing is {absent}; a number that is missing is an empty cell. {CODES} "
        "lists every code in both forms: its column in_tables is the code that the database, Parquet and JSON have.",
        held,
    ]


def _terms(indicator: pl.DataFrame) -> list[str]:
    """The terms of each source, once; an indicator with several sources has all of them in one text."""
    texts = indicator["rights"].drop_nulls().to_list()
    return sorted({term for text in texts for term in re.split(r"(?<=\d\)) ", text)})


def readme(parts: Parts) -> str:
    """README.md."""
    lines = [f"# {titles.TITLE_SV}", ""]
    for heading, paragraphs in parts:
        lines += [f"## {heading}", "", *(line for text in paragraphs for line in (text, ""))]
        if heading == "Utgåvan":
            lines += ["## Filer", "", "| fil | vad |", "|---|---|", *(f"| `{n}` | {what} |" for n, what in _FILES), ""]
    return "\n".join([*lines, *_EXAMPLES])


_EXAMPLES = """## Exempel

```python
import duckdb
import polars as pl

duckdb.sql("select * from 'parquet/observation.parquet' where area_id = '1480'")
pl.read_csv("csv/plain/kostnad.csv.gz").filter(pl.col("area_id") == "SE_1480")
```

```r
arrow::read_parquet("parquet/observation.parquet")
subset(read.csv("csv/plain/kostnad.csv.gz"), area_id == "SE_1480" & sex == "total")
```
""".splitlines()
