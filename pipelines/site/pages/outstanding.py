"""What stands out on the profile of a municipality: what holds when all that was examined is judged together.

Belongs here: choosing and counting rows of the table `place` for one municipality. Does not belong here: judging them
(`indicators/statistics/standing_out.py`), and the sentences (`templates/omrade.html`).
"""

from __future__ import annotations

from indicators.statistics.standing_out import END, LEVEL, YEARS
from pipelines.site.release_data import Row

_MOST_TOLD = 8
_MOST_OF_THEME = 2  # of lasting ends, which are many and much alike
_TOLD = (
    "indicator_id", "title", "unit", "decimals", "polarity", "value", "year", "nation", "place_sv",
    "place_interval_sv", "target", "stands_out"
)  # fmt: skip


def outstanding(lines: dict[str, list[Row]]) -> Row | None:
    """The rows that stand out of a municipality's newest values by theme, apart where chance is known and where not.

    Returns:
        by_interval and by_years, each: examined, how many stand out (found), how many would by chance (by_chance),
        and the rows to tell, the clearest first; by_interval also outside, how many lie outside their own limits. None
        where nothing could be examined.
    """
    everything = [line | {"theme": theme} for theme, of_theme in lines.items() for line in of_theme]
    known = [line for line in everything if line["p_value"] is not None and line["basis"] == "interval"]
    unknown = [line for line in everything if line["basis"] == "years" and line["stands_out"] != "not_estimable"]
    if not known and not unknown:
        return None
    surest = sorted(_found(known), key=lambda line: (line["q_of_area"], line["p_value"], line["indicator_id"]))
    return {
        "size_group": next((line["size_group"] for line in known + unknown), None),
        "by_interval": {
            "examined": len(known),
            "outside": sum(line["p_value"] < LEVEL for line in known),
            "by_chance": LEVEL * len(known),
            "found": len(surest),
            "told": [_told(line) for line in surest[:_MOST_TOLD]],
        },
        "by_years": {
            "examined": len(unknown),
            "by_chance": 2 * END**YEARS * len(unknown),
            "found": len(_found(unknown)),
            "told": [_told(line) for line in _of_each_theme(_found(unknown))],
        },
    }


def _found(lines: list[Row]) -> list[Row]:
    return [line for line in lines if line["stands_out"] in {"higher", "lower"}]


def _of_each_theme(lines: list[Row]) -> list[Row]:
    told: list[Row] = []
    for line in lines:
        if sum(row["theme"] == line["theme"] for row in told) < _MOST_OF_THEME:
            told.append(line)
    return told[:_MOST_TOLD]


def _told(line: Row) -> Row:
    return {name: line[name] for name in _TOLD}
