"""What the indices of a finished warehouse can bear: the tables beside `composite`.

Belongs here: reading the indices with their inputs' intervals, and writing the result. Does not belong here: the
indices (dbt), and the statistics (`indicators/statistics/index_uncertainty.py`).
"""

from __future__ import annotations

from pathlib import Path

from indicators.load.catalogue import load_catalogue
from indicators.statistics.index_uncertainty import DRAWS, FEWEST, composite_tables
from pipelines.settings import Settings
from pipelines.storage.builds import Build
from pipelines.warehouse.finished import PublicTable, open_build

UNCERTAINTY, RELIABILITY, PART = "composite_uncertainty", "composite_reliability", "composite_part"
_INDEX = {"composite_id": ("varchar", "The index; see the table composite.")}
_YEAR = {"year": ("integer", "The year that the value is for.")}
_KNOWN = (
    "double",
    "Part of the weights, 0 to 1, whose inputs have an interval or are no outcome of chance (accounts, registers of "
    "all). The others contribute nothing to the interval, which is too narrow by them.",
)
TABLES = {
    UNCERTAINTY: PublicTable(
        "Each municipality's index with two intervals, of chance and of the choice of weights; a rank only where the "
        "index can bear one in the year.",
        _INDEX
        | {"area_id": ("varchar", "The area; see the table area. Codes are text and keep their leading zeros.")}
        | _YEAR
        | {
            "value": ("double", "The index."),
            "sampling_lower_95": ("double", "Lower limit by chance; null where no input has an interval."),
            "sampling_upper_95": ("double", "Upper limit by chance, from the inputs' own intervals."),
            "sampling_known": _KNOWN,
            "weights_lower_95": (
                "double",
                f"The lower 2.5 per cent of the index over {DRAWS} sets of weights by chance.",
            ),
            "weights_upper_95": ("double", "The upper 2.5 per cent of the same."),
            "rank_from_highest": ("integer", "Place from the highest index; null where there is no ranking."),
            "rank_lower_95": ("integer", "First place that chance and weights allow; null where there is no ranking."),
            "rank_upper_95": ("integer", "Last place that they allow; null where there is no ranking."),
            "of_n": ("integer", "Municipalities with an index; null where there is no ranking."),
            "not_ranked_reason_sv": ("varchar", "Why there is no ranking; null where there is one."),
        },
    ),
    RELIABILITY: PublicTable(
        "Whether the inputs of an index hang together in a year, and whether municipalities may be ranked by it.",
        _INDEX
        | _YEAR
        | {
            "n": ("integer", f"Municipalities that have all of the year's inputs; alpha needs {FEWEST}."),
            "inputs": ("integer", "Inputs that any municipality has in the year."),
            "alpha": (
                "double",
                "Cronbach's alpha of the weighted inputs over these municipalities; null where too few.",
            ),
            "alpha_lower_95": ("double", "Lower limit of its 95 per cent interval (Feldt)."),
            "alpha_upper_95": ("double", "Upper limit of its 95 per cent interval (Feldt)."),
            "sampling_known": _KNOWN,
            "of_n": ("integer", "Municipalities with an index."),
            "median_places": (
                "integer",
                "Places within which the median municipality's place lies, by chance and weights.",
            ),
            "is_ranked": ("boolean", "Whether the index can bear a ranking; the rule is in registers/composites.yml."),
            "reason_sv": ("varchar", "Why, or why not."),
        },
    ),
    PART: PublicTable(
        "How each input of an index goes with the others in a year.",
        _INDEX
        | {"indicator_id": ("varchar", "The indicator; see the table indicator.")}
        | _YEAR
        | {
            "n": ("integer", f"Municipalities that have all of the year's inputs; at least {FEWEST} are needed."),
            "item_rest": (
                "double",
                "Its correlation with the weighted sum of the other inputs, turned as in the index.",
            ),
            "alpha_without": ("double", "Cronbach's alpha without it; null where one input would be left."),
            "sampled_share": (
                "double",
                "Part of the municipalities' values, 0 to 1, that have an interval to contribute.",
            ),
        },
    ),
}
KEYS = {
    UNCERTAINTY: ("composite_id", "area_id", "year"),
    RELIABILITY: ("composite_id", "year"),
    PART: ("composite_id", "indicator_id", "year"),
}
_PARTS = """
    select i.composite_id, i.year, i.area_id, i.indicator_id, i.turn * i.used_z as used, i.weight,
        i.standard_deviation, (o.upper_95 - o.lower_95) / 2 as half_width, o.interval_reason, d.denominator as persons
    from release.composite_input as i
    join release.indicator as d on i.indicator_id = d.indicator_id
    join release.observation as o on i.indicator_id = o.indicator_id and i.area_id = o.area_id
        and i.input_year = o.year and o.sex = 'T'
"""
_VALUES = "select composite_id, year, area_id, value from release.composite where value is not null"


def write_composites(settings: Settings, build: Build, folder: Path) -> dict[str, int]:
    """Write the tables as Parquet, one file a table; returns their numbers of rows."""
    recipes = {recipe.composite_id: recipe for recipe in load_catalogue(settings.declarations_dir).composites}
    with open_build(settings, build) as con:
        found = composite_tables(con.execute(_PARTS).pl(), con.execute(_VALUES).pl(), recipes)
    for name, frame in zip((UNCERTAINTY, RELIABILITY, PART), found, strict=True):
        ordered = frame.select(*TABLES[name].columns).sort(KEYS[name])
        ordered.write_parquet(folder / f"{name}.parquet", compression="zstd")
    return {name: frame.height for name, frame in zip((UNCERTAINTY, RELIABILITY, PART), found, strict=True)}
