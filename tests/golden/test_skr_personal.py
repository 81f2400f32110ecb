"""Golden figures of SKR's "Tabell 10": the embedded table against the ten workbooks, and published values by hand.

The workbooks are read cell by cell with openpyxl, by column numbers, and not by the layout that the product reads them
with. They are not part of the repository; the literal numbers below were read in them by eye.
"""

from __future__ import annotations

from datetime import datetime

import openpyxl
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.reading import reader
from pipelines.settings import ROOT, Settings
from pipelines.storage import release_pointer
from tests.support.shared import shared_file

SNAPSHOT = ROOT / "data" / "snapshot"
NUMBER, YOUNG, OLD, OLDER, AGE = (
    "manadsavlonade_kommun",
    "andel_till_29_manadsavlonade_kommun",
    "andel_55_plus_manadsavlonade_kommun",
    "andel_60_plus_manadsavlonade_kommun",
    "medelalder_manadsavlonade_kommun",
)
COLUMNS = {  # the column of a sheet, counted from 0: the series and the sex
    1: ("personal_manadsavlonade", "T"), 2: ("personal_andel_till_29", "T"), 3: ("personal_andel_30_39", "T"),
    4: ("personal_andel_40_49", "T"), 5: ("personal_andel_50_54", "T"), 6: ("personal_andel_55_59", "T"),
    7: ("personal_andel_60_plus", "T"), 9: ("personal_medelalder", "T"), 10: ("personal_medelalder", "K"),
    11: ("personal_medelalder", "M"),
}  # fmt: skip
KEY = ["series_id", "area_id", "year", "sex"]
GOTEBORG, ALE, MALUNG, NATION = "1480", "1440", "2023", "0000"


def cells_of(year: int, names: dict[str, str]) -> list[tuple[str, str, int, str, float]]:
    """Every cell of a municipality's row, and of the row "Alla kommuner", of a workbook."""
    path = shared_file(f"data/skr/tabell10/Tabell10 {year}.xlsx")
    sheet = openpyxl.load_workbook(path, data_only=True, read_only=True).worksheets[0]
    found = []
    for row in sheet.iter_rows(values_only=True):
        area = names.get(" ".join(str(row[0]).split()))
        if area:
            found += [(series, area, year, sex, float(str(row[n]))) for n, (series, sex) in COLUMNS.items()]
        if row[0] and str(row[0]).startswith("Kommungrupper"):
            break
    return found


@pytest.mark.shared
def test_the_embedded_table_is_the_ten_workbooks_cell_by_cell() -> None:
    listed = pl.read_csv(SNAPSHOT / "kolada_municipality.csv", infer_schema=False).filter(area_type="K")
    names = dict(listed.select("name", "area_id").iter_rows()) | {"Alla kommuner": NATION, "Malung": MALUNG}
    cells = [cell for year in range(2008, 2018) for cell in cells_of(year, names)]
    by_eye = pl.DataFrame(cells, schema=[*KEY, "value"], orient="row").cast({"year": pl.Int16})
    embedded = pl.read_parquet(SNAPSHOT / "skr_personal.parquet")
    assert embedded["status"].null_count() == embedded.height == 10 * 10 * 291
    assert_frame_equal(embedded.drop("status"), by_eye, check_row_order=False, check_exact=True)


def asked(settings: Settings, query: str, *values: object) -> list[tuple[object, ...]]:
    return reader.query(release_pointer.current_folder(settings.releases_dir), query, list(values)).rows()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("indicator", "area", "year", "sex", "expected"),
    [
        (NUMBER, GOTEBORG, 2017, "T", 41199), (NUMBER, MALUNG, 2008, "T", 1042), (NUMBER, NATION, 2008, "T", 709171),
        (NUMBER, NATION, 2017, "T", 757804), (YOUNG, GOTEBORG, 2017, "T", 14.4), (OLDER, NATION, 2010, "T", 13.8),
        (AGE, "0127", 2017, "K", 44.2), (AGE, "0127", 2008, "M", 46.34), (AGE, NATION, 2017, "T", 44.9),
        (OLD, ALE, 2017, "T", 12.3 + 10.8), (OLD, NATION, 2008, "T", 14.66 + 13.18),
    ],
)  # fmt: skip
def test_a_published_value_is_the_workbook_s(
    full_release: Settings, indicator: str, area: str, year: int, sex: str, expected: float
) -> None:
    query = "select value from observation where indicator_id = $1 and area_id = $2 and year = $3 and sex = $4"
    assert asked(full_release, query, indicator, area, year, sex) == [(pytest.approx(expected, abs=1e-9),)]


@pytest.mark.slow
def test_a_group_s_share_is_that_of_its_persons(full_release: Settings) -> None:
    """Göteborgsregionen 2017: per cent of 55 years and older, by the numbers of the thirteen municipalities' rows."""
    members = ["1440", "1489", "1480", "1401", "1384", "1482", "1441", "1462", "1481", "1402", "1415", "1419", "1407"]
    rows = pl.read_parquet(SNAPSHOT / "skr_personal.parquet").filter(
        pl.col("area_id").is_in(members), year=2017, sex="T"
    )
    wide = rows.pivot(on="series_id", index="area_id", values="value")
    persons = wide["personal_manadsavlonade"]
    old = (wide["personal_andel_55_59"] + wide["personal_andel_60_plus"]) * persons / 100
    query = "select gr_weighted from comparison where indicator_id = $1 and area_id = $2 and year = 2017 and sex = 'T'"
    assert wide.height == 13
    assert asked(full_release, query, OLD, GOTEBORG) == [(pytest.approx(100 * old.sum() / persons.sum(), abs=1e-8),)]


@pytest.mark.slow
def test_sums_over_municipalities_meet_skr_s_own_totals(full_release: Settings) -> None:
    checks = asked(
        full_release, "select check_id, passed, found from quality_result where check_id like 'control.alla_kommuner%'"
    )
    assert sorted(checks) == [
        (f"control.alla_kommuners_{what}", True, "0 of 10 comparisons outside")
        for what in ("andel_55_59", "andel_60_plus", "manadsavlonade", "medelalder")
    ]


@pytest.mark.slow
def test_the_figures_are_known_from_the_month_of_the_copies_and_say_whose_staff_they_are(
    full_release: Settings,
) -> None:
    days = asked(full_release, "select distinct known_from from observation_vintage where indicator_id = $1", AGE)
    assert days == [(datetime(2019, 3, 31),)]  # noqa: DTZ001 - UTC without zone
    told = asked(
        full_release,
        "select title_sv, definition_sv, attribution from indicator where indicator_id like '%manadsavlonade_kommun'",
    )
    assert len(told) == 5
    for title, definition, attribution in told:
        assert "alla verksamheter" in str(title)
        assert "skola" in str(definition)
        assert "SKR" in str(attribution)


@pytest.mark.slow
def test_equal_values_have_one_place(full_release: Settings) -> None:
    """12.3 + 10.8 and 12.2 + 10.9 are one share, and neither municipality is before the other."""
    apart = asked(
        full_release,
        """
        select indicator_id, year, sex, round(value, 6) as told, count(distinct rank)
        from comparison where rank is not null group by all having count(distinct rank) > 1
        """,
    )
    assert apart == []
