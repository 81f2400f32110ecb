"""Writes `data/snapshot`: real figures, small, so that everything runs without a network.

Belongs here: selecting and reshaping figures from collected copies (`nyckeltal snapshot build --from DIR`). Does not
belong here: reading the snapshot back (`sources/snapshot.py`). Only figures, codes and names are included.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from python_calamine import CalamineWorkbook

from indicators.load.catalogue import Catalogue
from pipelines.datasets import datasets
from pipelines.errors import SourceError, UsageError
from pipelines.sources.layout_model import Layouts
from pipelines.sources.layout_reader import read_workbook
from pipelines.sources.overlay import DECIMALS, overlaid
from pipelines.sources.snapshot import MANIFEST, Delivered, SnapshotFile, SnapshotManifest, read_manifest
from pipelines.storage.archive import Promise, SeriesPromise
from pipelines.storage.files import write_json

ABOUT = (
    "Figures, codes and names only. Värden ur Kolada: Källa: Kolada (oförändrade värden, hämtade 2024-08; för "
    "regionerna även 2026-08, avrundade till en decimal av den som sparade dem; namn och grupper 2026-04). Folkmängd "
    "och KPIF: Källa: SCB (CC0). Kommunernas månadsavlönade efter ålder: Källa: SKR. Definitions in this project are "
    "its own words."
)
_KOLADA = "https://api.kolada.se"
_SCB = "https://api.scb.se/OV0104/v1/doris/sv/ssd"
_SKR = "https://skr.se"  # the address of the workbooks is not known
_POPULATION = f"{_SCB}/BE/BE0101/BE0101A/BefolkningNy"


@dataclass(frozen=True)
class _Delivery:
    """A file to be written: its name, origin, day or month, rows, and to how many decimals these were rounded."""

    file: str
    origin: str
    published_at: str
    make: Callable[[], pl.DataFrame]
    decimals: int | None = None


def _deliveries(source: Path, catalogue: Catalogue) -> dict[str, list[_Delivery]]:
    """Every delivery of every dataset, oldest first."""
    return {
        "kolada.values": [
            _Delivery("kolada_values.parquet", f"{_KOLADA}/v2/data", "2024-08", lambda: _values(source, catalogue)),
            _Delivery(
                "kolada_values_regions_2026-08.parquet", f"{_KOLADA}/v3/data", "2026-08",
                lambda: _regions(source, catalogue), decimals=1),
        ],
        "kolada.kpi": [_Delivery("kolada_kpi.csv", f"{_KOLADA}/v3/kpi", "2026-04", lambda: _kpi(source, catalogue))],
        "kolada.municipality": [
            _Delivery(
                "kolada_municipality.csv", f"{_KOLADA}/v3/municipality", "2026-04", lambda: _municipality(source))
        ],
        "kolada.municipality_groups": [
            _Delivery(
                "kolada_municipality_groups.csv", f"{_KOLADA}/v3/municipality_groups", "2026-04",
                lambda: _groups(source, catalogue))
        ],
        "scb.population": [
            _Delivery("scb_population.parquet", _POPULATION, "2019-02", lambda: _population(source)),
            _Delivery("scb_population_2023.parquet", _POPULATION, "2024-02", lambda: _total_population(source, 2023)),
            _Delivery("scb_population_2024.parquet", _POPULATION, "2025-02", lambda: _total_population(source, 2024)),
        ],
        "scb.kpif": [
            _Delivery("scb_kpif.csv", f"{_SCB}/PR/PR0101/PR0101G/KPIF2020", "2024-04", lambda: _kpif(source))
        ],
        "skr.personal": [_Delivery("skr_personal.parquet", _SKR, "2019-03", lambda: _personal(source))],
    }  # fmt: skip


def build_snapshot(source: Path, target: Path, catalogue: Catalogue) -> dict[str, int]:
    """Write every dataset's files and the manifest.

    Args:
        source: folder of collected copies, with `kolada/`, `scb/` and `skr/` below. target: the snapshot folder.

    Returns:
        Rows that are known of each dataset with all its deliveries.

    Raises:
        UsageError: `source` lacks a file that is needed.
        SourceError: a file holds what is not expected.
    """
    target.mkdir(parents=True, exist_ok=True)
    before = read_manifest(target).files if (target / MANIFEST).exists() else frozenset()
    entries, rows = {}, {}
    for dataset, deliveries in _deliveries(source, catalogue).items():
        told, known = [], pl.DataFrame()
        for one in deliveries:
            frame = one.make().select(*datasets()[dataset].columns).sort(*datasets()[dataset].key)
            write_frame(frame, target / one.file)
            known = with_delivery(known, frame, one.decimals, dataset)
            promise = promise_of(known.drop(DECIMALS), dataset)
            told.append(
                Delivered(
                    file=one.file, origin=one.origin, published_at=one.published_at, decimals=one.decimals,
                    promise=promise,
                )
            )  # fmt: skip
        entries[dataset] = SnapshotFile(**dict(told[0]), later=tuple(told[1:]))
        rows[dataset] = known.height
    manifest = SnapshotManifest(about=ABOUT, datasets=entries)
    write_json(target / MANIFEST, manifest.model_dump(mode="json"))
    for file in before - manifest.files:
        (target / file).unlink(missing_ok=True)
    return rows


def write_frame(frame: pl.DataFrame, path: Path) -> None:
    """Write rows as a file of the snapshot, by the ending of its name."""
    if path.suffix == ".parquet":
        frame.write_parquet(path, compression="zstd", compression_level=19, statistics=True)
    else:
        frame.write_csv(path)


def with_delivery(known: pl.DataFrame, frame: pl.DataFrame, decimals: int | None, dataset: str) -> pl.DataFrame:
    """What is known after one more delivery, with the column `decimals`; `known` is empty before the first."""
    rows = frame.with_columns(pl.lit(decimals, pl.Int32).alias(DECIMALS))
    if known.is_empty():
        return rows
    return overlaid(known.lazy(), rows.lazy(), datasets()[dataset].key).collect()


def promise_of(frame: pl.DataFrame, dataset: str) -> Promise:
    """The coverage contract of a dataset's rows; that of files is no contract on the files that nobody has."""
    declared = datasets()[dataset]
    if declared.kind != "facts":
        return Promise(rows=frame.height, complete=not declared.from_files)
    counted = frame.group_by("series_id").agg(
        rows=pl.len(),
        areas=pl.col("area_id").n_unique(),
        first_year=pl.col("year").min(),
        last_year=pl.col("year").max(),
    )
    series = {row.pop("series_id"): SeriesPromise(**row) for row in counted.sort("series_id").iter_rows(named=True)}
    return Promise(rows=frame.height, series=series, complete=not declared.from_files)


def _open(path: Path) -> Path:
    if not path.is_file():
        raise UsageError("a file of the collected copies is missing", where=str(path), expected="see docs/snapshot.md")
    return path


def _csv(path: Path, separator: str = ",") -> pl.DataFrame:
    return pl.read_csv(_open(path), infer_schema=False, separator=separator)


def _used_series(source: Path, catalogue: Catalogue) -> pl.DataFrame:
    """The useful KPIs that have values, and any others that the declarations list as embedded."""
    useful = _csv(source / "kolada" / "kpi_catalogue.csv")
    listed = useful.filter(pl.col("values_available") == "yes")["id"]
    declared = catalogue.series_of("kolada.values", only_embedded=True)
    return pl.DataFrame({"series_id": sorted({*listed, *declared})})


def _values(source: Path, catalogue: Catalogue) -> pl.DataFrame:
    lazy = pl.scan_parquet(_open(source / "kolada" / "values_1994_2022.parquet"))
    frame = lazy.select(
        series_id="kpi", area_id="municipality", year=pl.col("year").cast(pl.Int16), sex="gender", value="value",
        status=pl.lit(None, pl.String),
    )  # fmt: skip
    return frame.join(_used_series(source, catalogue).lazy(), on="series_id", how="semi").collect()


def _regions(source: Path, catalogue: Catalogue) -> pl.DataFrame:
    """Values of regions and Riket as Kolada served them in 2026-08; the copy names the areas, without "Region".

    Only of series that exist for regions alone: of one of municipalities the newest years would be the regions' only.
    """
    rows = pl.read_csv(_open(source / "kolada" / "regions_2016_2025_as_published_2026-08.csv"))
    listed = _municipality(source).filter(area_type="L").select("area_id", "name")
    plain = listed.with_columns(name=pl.col("name").str.strip_prefix("Region "))
    named = pl.concat([listed, plain]).unique()
    frame = rows.join(named, left_on="area", right_on="name", how="left")
    if strange := frame.filter(pl.col("area_id").is_null())["area"].unique().sort().to_list():
        raise SourceError("regions are not known by these names", expected="as in /v3/municipality", found=str(strange))
    told = frame.select(
        "area_id", "value", series_id="kpi", year=pl.col("year").cast(pl.Int16), sex=pl.lit("T"),
        status=pl.lit(None, pl.String),
    )  # fmt: skip
    of_regions = _kpi(source, catalogue).filter(municipality_type="L")
    return told.join(of_regions, on="series_id", how="semi")


def _kpi(source: Path, catalogue: Catalogue) -> pl.DataFrame:
    newer = _csv(source / "kolada" / "kpi_metadata_2026-04_v3.csv").select(
        "title", "operating_area", "perspective", "prel_publication_date", "publication_date", "publ_period",
        series_id="id", is_divided_by_sex="is_divided_by_gender", municipality_type="municipality_type",
        has_unit_values="has_ou_data",
    )  # fmt: skip
    older = _csv(source / "kolada" / "kpi_metadata_2024-08_v2.csv").select(
        "operating_area", "perspective", "prel_publication_date", "publication_date",
        publ_period=pl.lit(None, pl.String), series_id="concept", title="name",
        is_divided_by_sex="is_divided_by_gender", municipality_type="municipality_type", has_unit_values="has_ou_data",
    )  # fmt: skip
    vanished = older.join(newer, on="series_id", how="anti")
    both = pl.concat([newer, vanished.select(newer.columns)])
    frame = both.join(_used_series(source, catalogue), on="series_id", how="semi")
    flags = pl.col("is_divided_by_sex", "has_unit_values").str.to_lowercase().replace({"1": "true", "0": "false"})
    return frame.with_columns(flags)


def _municipality(source: Path) -> pl.DataFrame:
    return _csv(source / "kolada" / "municipality_2026-04_v3.csv").select(area_id="id", name="title", area_type="type")


def _groups(source: Path, catalogue: Catalogue) -> pl.DataFrame:
    members = _csv(source / "kolada" / "municipality_groups_2026-04_v3.csv").select(
        "group_id", "group_title", area_id="member_id"
    )
    return members.filter(wanted_groups(catalogue))


def wanted_groups(catalogue: Catalogue) -> pl.Expr:
    """Which of Kolada's groups are embedded: those that the declarations name, by id or by title."""
    wanted = pl.col("group_id").is_in([g.kolada_group for g in catalogue.groups if g.kolada_group])
    for similar in catalogue.similar:
        plain = re.sub(r"\(\?P<\w+>", "(", similar.title_pattern)
        wanted |= pl.col("group_title").str.contains(plain)
    return wanted


def _population(source: Path) -> pl.DataFrame:
    folder = source / "scb" / "population_2008_2018"
    names = ("bef_k_tot.csv", "bef_k_kvinnor_55.csv", "bef_k_män_55.csv")
    frames = [_csv(folder / name, separator=";") for name in names]
    sexes = {"kvinnor": "K", "män": "M"}
    frames[0] = frames[0].with_columns(pl.lit(None, pl.String).alias("kön"))
    frame = pl.concat([f.select("region", "ålder", "kön", "år", "Folkmängd") for f in frames])
    return frame.select(
        series_id=pl.col("ålder").map_elements(_band, return_dtype=pl.String),
        area_id=pl.col("region").str.slice(0, 4),
        year=pl.col("år").cast(pl.Int16),
        sex=pl.col("kön").replace_strict(sexes, default="T"),
        value=pl.col("Folkmängd").cast(pl.Float64),
        status=pl.lit(None, pl.String),
    )


def _total_population(source: Path, year: int) -> pl.DataFrame:
    """Inhabitants in all of one year; the newer years came without ages and sexes."""
    rows = _csv(source / "scb" / "population_2023_2024" / "total.csv").filter(year=str(year))
    return rows.select(
        "area_id",
        series_id=pl.lit("folkmangd_totalt"),
        year=pl.col("year").cast(pl.Int16),
        sex=pl.lit("T"),
        value=pl.col("antal").cast(pl.Float64),
        status=pl.lit(None, pl.String),
    )


def _band(label: str) -> str:
    if label == "totalt ålder":
        return "folkmangd_totalt"
    found = re.fullmatch(r"(\d+)(?:-(\d+)|\+) år", label)
    if not found:
        raise SourceError("an age band is not known", expected="such as 80-84 år or 100+ år", found=label)
    return f"folkmangd_{found[1]}_{found[2]}" if found[2] else f"folkmangd_{found[1]}_plus"


def _personal(source: Path) -> pl.DataFrame:
    """SKR's workbooks "Tabell 10", by the layout that reads them from the inbox."""
    layouts = Layouts.model_validate(datasets()["skr.personal"].live)
    areas = dict(_municipality(source).filter(area_type="K").select("name", "area_id").iter_rows())
    paths = sorted((source / "skr" / "tabell10").glob("*.xlsx")) or [_open(source / "skr" / "tabell10" / "*.xlsx")]
    found = [read_workbook(path.read_bytes(), path.name, layouts, areas) for path in paths]
    if wrong := [told for reading in found for told in reading.differences or ()]:
        raise SourceError("a workbook's municipalities do not make up its total", found="; ".join(wrong))
    return pl.concat([reading.frame for reading in found]).with_columns(pl.col("year").cast(pl.Int16))


def _kpif(source: Path) -> pl.DataFrame:
    path = _open(source / "scb" / "price_index_kpif" / "KPI.xlsx")
    rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    header = [str(cell) for cell in rows[0]]
    if header[:2] != ["månad", "KPIF, index, 1987=100"]:  # the heading states the base
        raise SourceError("the price index has another layout", where=path.name, found=", ".join(header[:2]))
    months = [(str(row[0]), float(str(row[1]))) for row in rows[1:] if row[0]]
    return pl.DataFrame(
        {
            "index_id": ["kpif"] * len(months),
            "year": [int(month[:4]) for month, _ in months],
            "month": [int(month[5:]) for month, _ in months],
            "value": [value for _, value in months],
            "base": ["1987=100"] * len(months),
        }
    )
