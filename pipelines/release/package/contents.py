"""Which files a package holds, and which sets of files are forms of the same figures.

Belongs here: names, media types, sizes and hashes. Does not belong here: the content of a file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from pipelines.release.shared_files import ReleaseFiles
from pipelines.storage.release_pointer import DATABASE, DESCRIPTION, info
from pipelines.storage.sealing import file_seal

WORKBOOK, README, CHANGES = "nyckeltal.xlsx", "README.md", "CHANGES.md"
DATAPACKAGE, TURTLE, JSON_LD, SCHEMA_ORG = "datapackage.json", "dcat.ttl", "dcat.jsonld", "dataset.jsonld"
DICTIONARY, INDICATORS, CODES = "dictionary.csv", "indikatorer.csv", "kodlista.csv"
MEDIA_TYPES = {
    ".csv": "text/csv",
    ".duckdb": "application/x-duckdb",
    ".json": "application/json",
    ".jsonld": "application/ld+json",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".ttl": "text/turtle",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_COMPRESSIONS = {".gz": "gz", ".zip": "zip"}  # by ending, as Frictionless names them
COMPRESSED = {"gz": "application/gzip", "zip": "application/zip"}  # media types of the compressions


@dataclass(frozen=True)
class File:
    """A file of the release: its name below the folder, and its size and hash once it is written."""

    name: str
    size: int | None = None
    sha256: str | None = None

    @property
    def compression(self) -> str:
        """How the file is compressed: `gz`, `zip`, or nothing."""
        return _COMPRESSIONS.get(PurePosixPath(self.name).suffix, "")

    @property
    def suffix(self) -> str:
        """The ending of the content, with the dot; each compressed file holds one CSV."""
        return ".csv" if self.compression else PurePosixPath(self.name).suffix

    @property
    def media_type(self) -> str:
        """The media type of the content."""
        return MEDIA_TYPES[self.suffix]


def tables(folder: Path) -> list[File]:
    """The files that every release has: the database, a Parquet file for each table, and its description."""
    seals = info(folder).contents
    names = [DATABASE, DESCRIPTION, *(name for name in seals if name != DATABASE)]
    found = [(name, seals.get(name) or file_seal(folder / name)) for name in names]
    return [File(name, seal.bytes, seal.sha256) for name, seal in found]


def written_files(release_files: ReleaseFiles) -> list[File]:
    """The files that have been written so far."""
    return [File(name, entry["bytes"], entry["sha256"]) for name, entry in release_files.listed().items()]


@dataclass(frozen=True)
class Distribution:
    """One form of the whole: files that together hold the same figures as those of any other form."""

    key: str
    title_sv: str
    title_en: str
    about_sv: str
    files: tuple[File, ...]
    standard: str = ""

    @property
    def media_type(self) -> str:
        """The media type of the content of each file."""
        return self.files[0].media_type

    @property
    def compressed(self) -> str:
        """The media type of the compression of each file; empty where they are not compressed."""
        return COMPRESSED.get(self.files[0].compression, "")


_FORMS = (
    (
        "excel", WORKBOOK, "Excel-arbetsbok", "Excel workbook",
        "Ett blad per tema med åren som kolumner, och ett med definitioner.", "",
    ),
    (
        "csv", "csv/plain/*.csv.gz", "CSV", "CSV",
        "En fil per tema, komprimerad med gzip, en rad per värde; komma mellan kolumner, decimalpunkt, UTF-8. "
        "Områdeskoder står som SE_0180 och kön som total, women och men, så att inget program ändrar dem.",
        "",
    ),
    (
        "csv-excel", "csv/excel/*.zip", "CSV för svenskt Excel", "CSV for Swedish Excel",
        "En zip-fil per tema, med en CSV-fil i: samma rader och koder; semikolon mellan kolumner, decimalkomma, UTF-8 "
        "med BOM.",
        "",
    ),
    (
        "json-stat", "json-stat/*.json", "JSON-stat", "JSON-stat",
        "En fil per nyckeltal: område, år och kön.", "https://json-stat.org/full/",
    ),
    (
        "parquet", "parquet/*.parquet", "Parquet", "Parquet",
        "En fil per tabell, också jämförelser, trender och tidigare kända värden.",
        "https://parquet.apache.org/docs/file-format/",
    ),
    (
        "duckdb", DATABASE, "DuckDB", "DuckDB",
        "Alla tabeller och vyer i en databas som läses utan server.", "",
    ),
)  # fmt: skip


def distributions(files: Iterable[File]) -> list[Distribution]:
    """Every form of a package, with its files; forms without files are left out."""
    listed = list(files)
    found = []
    for key, pattern, title_sv, title_en, about, standard in _FORMS:
        mine = tuple(f for f in listed if fnmatchcase(f.name, pattern))
        if mine:
            found.append(Distribution(key, title_sv, title_en, about, mine, standard))
    return found
