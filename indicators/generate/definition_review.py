"""The review of definitions: each source series, what its publisher says and what we say, in one table.

Belongs here: the text of docs/definitions-review.md. Does not belong here: the facts (`measured` in the declarations),
or writing the file (`pipelines/warehouse/generated_files.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from indicators.generate.declared_rows import Inherited
from indicators.generate.dictionary_pages import GENERATED
from indicators.generate.source_series_rows import measured_facts
from indicators.load.catalogue import Catalogue
from indicators.model.indicator import Indicator, Measure
from indicators.model.measured import Measured, Verdict

_VERDICTS: dict[Verdict, str] = {"same": "stämmer", "clarified": "förtydligad", "corrected": "rättad"}
_HEAD = """\
# Definitionerna mot källans egna beskrivningar

Varje serie ur Kolada (beskriven i april 2026) och ur SKR:s tabell 10 (2017) som ett nyckeltal eller ett mått bygger
på, läst mot källans egen beskrivning. Källans text återges med våra ord. *Stämmer*: definitionen sade redan det som
källan mäter. *Förtydligad*: den utelämnade något som nu sägs; talen är desamma. *Rättad*: den sade något annat, eller
ett brott, en riktning eller ett intervall var fel; nyckeltalets version är höjd.

Uppgifterna står i nyckeltalens egna filer (`measured`) och i tabellen `source_series`. Ändrar källan sin
beskrivning syns det i `nyckeltal status`; vad som då görs står i
[operations](operations.md#series-at-the-publisher). Beräknade nyckeltal granskas genom sina mått: täljarens och
nämnarens population står på deras sida i [ordboken](dictionary/README.md).
"""


_COLUMNS = ("nyckeltal", "serie", "källan, med våra ord", "vår definition", "utfall", "vad som ändrades")


def definition_review(catalogue: Catalogue) -> str:
    """The page: indicators by id, then the measures whose series no indicator publishes."""
    breaks = Inherited(catalogue).by_series
    items: tuple[Indicator | Measure, ...] = (*catalogue.indicators, *catalogue.measures)
    reviewed = [(item, item.measured) for item in items if item.measured]
    counted = Counter(measured.verdict for _, measured in reviewed)
    total = ", ".join(f"{counted[verdict]} {word}" for verdict, word in _VERDICTS.items())
    lines = [
        GENERATED,
        _HEAD,
        f"{len(reviewed)} serier: {total}.",
        "",
        table_row(_COLUMNS),
        "|---" * len(_COLUMNS) + "|",
    ]
    for item, measured in reviewed:
        ours = [_definition(item), *_years(breaks.get((str(item.dataset), str(item.series)), {}))]
        verdict, changed = _VERDICTS[measured.verdict], measured.changed_sv or "–"
        lines.append(table_row((_name(item), str(item.series), _source(measured), "<br>".join(ours), verdict, changed)))
    return "\n".join(lines) + "\n"


def _name(item: Indicator | Measure) -> str:
    if isinstance(item, Measure):
        return f"måttet `{item.measure_id}`"
    return f"[{item.title_sv}](dictionary/{item.indicator_id}.md)"


def _definition(item: Indicator | Measure) -> str:
    return item.title_sv if isinstance(item, Measure) else item.definition_sv


def _years(breaks: dict[int, str]) -> list[str]:
    return [f"**Brott {year}** {reason}" for year, reason in sorted(breaks.items())]


def _source(measured: Measured) -> str:
    told = [f"**{name}** {fact}" for name, fact in measured_facts(measured).items() if fact]
    told += [f"**{none.year} är inget brott** {none.reason_sv}" for none in measured.no_break]
    return "<br>".join(told)


def table_row(cells: Sequence[str]) -> str:
    """One row of a table in Markdown."""
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
