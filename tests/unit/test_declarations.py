"""A faulty declaration is refused with file, key, what was expected and what was found; ours are sound."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from indicators.errors import DeclarationError
from indicators.generate.declared_rows import Source, declared_rows
from indicators.load.catalogue import Catalogue, load_catalogue
from indicators.load.yaml_rows import read_yaml
from indicators.model.indicator import Theme
from indicators.tables.declared import TABLES
from pipelines.datasets import HOME, datasets, load_publishers
from pipelines.settings import ROOT
from pipelines.sources import origins
from pipelines.sources.snapshot import read_manifest
from tests.support.declarations import INDICATOR, REGISTERS, put, without, write_home


def refused(home: Path) -> DeclarationError:
    with pytest.raises(DeclarationError) as caught:
        load_catalogue(home)
    error = caught.value
    for part in (error.file, error.key, error.expected, repr(error.found)):
        assert part in str(error)
    assert len(repr(error.found)) < 300, "what was found is told in short"
    return error


def test_sound_declarations_are_loaded(tmp_path: Path) -> None:
    catalogue = load_catalogue(write_home(tmp_path))
    assert list(catalogue.by_id) == ["kostnad_provad"]
    assert set(catalogue.series_of("kolada.values")) == {"N00001", "N00002"}


@pytest.mark.parametrize(
    ("spoiled", "key", "expected", "found"),
    [
        (
            without(INDICATOR, polaritet="higher_better"),
            "polaritet",
            "one of the known keys",
            "higher_better",
        ),
        (
            without(INDICATOR, "cost_concept"),
            "cost_concept",
            "every indicator of money says which cost",
            None,
        ),
        (
            without(INDICATOR, "price_basis"),
            "price_basis",
            "every indicator of money says in which prices",
            None,
        ),
        (without(INDICATOR, "polarity"), "polarity", "this key to be there", None),
        (
            without(INDICATOR, polarity="good"),
            "polarity",
            "'higher_better', 'lower_better' or 'no_judgement'",
            "good",
        ),
        (without(INDICATOR, "multiplier"), "kind", "needs the keys multiplier", "ratio"),
        (without(INDICATOR, series="N00001"), "kind", "does not take the keys series", "ratio"),
        (without(INDICATOR, multiplier=0), "multiplier", "greater than 0", 0),
        (without(INDICATOR, decimals="two"), "decimals", "integer", "two"),
        (without(INDICATOR, title_sv="Kort"), "title_sv", "at least 8", "Kort"),
        (without(INDICATOR, valid_from="2024-13-01"), "valid_from", "date", "2024-13-01"),
        (without(INDICATOR, price_basis={"kind": "fixed"}), "price_basis", "both of them", {"kind": "fixed"}),
        (without(INDICATOR, numerator="kostnad_total"), "measure", "registers/measures.yml", "kostnad_total"),
        (without(INDICATOR, denominator="invanare + folk"), "measure", "registers/measures.yml", "folk"),
    ],
)
def test_a_spoiled_indicator_is_refused_with_file_key_expected_and_found(
    tmp_path: Path, spoiled: dict[str, Any], key: str, expected: str, found: Any
) -> None:
    error = refused(write_home(tmp_path, spoiled))
    assert error.file.endswith("catalogue/kostnad/kostnad_provad.yml")
    assert error.key == key
    assert expected in error.expected
    assert error.found == found


@pytest.mark.parametrize("text", ["kostnad_totalt /", "kostnad_totalt ** 2", "kostnad_totalt / invanare", "7"])
def test_a_numerator_that_is_no_sum_of_products_is_refused(tmp_path: Path, text: str) -> None:
    error = refused(write_home(tmp_path, without(INDICATOR, numerator=text)))
    assert error.key == "expression"


def test_money_s_concepts_belong_to_money_only(tmp_path: Path) -> None:
    error = refused(write_home(tmp_path, without(INDICATOR, "price_basis", theme="behov", unit="antal")))
    assert "indicators of money only" in error.expected


def test_an_unknown_price_index_is_refused(tmp_path: Path) -> None:
    basis = {"kind": "fixed", "index": "pkv", "base_year": 2022}
    error = refused(write_home(tmp_path, without(INDICATOR, price_basis=basis)))
    assert (error.key, error.expected, error.found) == ("price_basis.index", "one of ['kpif']", "pkv")


def test_the_file_is_named_as_the_indicator(tmp_path: Path) -> None:
    write_home(tmp_path)
    (tmp_path / "catalogue" / "kostnad" / "kostnad_provad.yml").rename(tmp_path / "catalogue" / "kostnad" / "annat.yml")
    error = refused(tmp_path)
    assert (error.key, error.found) == ("indicator_id", "kostnad_provad")
    assert "annat" in error.expected


@pytest.mark.parametrize("folder", ["kvalitet", "ekonomi"])
def test_the_folder_is_named_as_the_theme(tmp_path: Path, folder: str) -> None:
    write_home(tmp_path)
    (tmp_path / "catalogue" / "kostnad").rename(tmp_path / "catalogue" / folder)
    error = refused(tmp_path)
    assert (error.key, error.found) == ("theme", "kostnad")
    assert folder in error.expected


@pytest.mark.parametrize("place", ["extra.yml", "kostnad/extra.yaml", "kostnad/mer/extra.yml"])
def test_a_declaration_where_none_is_looked_for_is_refused_and_not_passed_over(tmp_path: Path, place: str) -> None:
    write_home(tmp_path)
    put(tmp_path / "catalogue" / place, without(INDICATOR, indicator_id="extra"))
    error = refused(tmp_path)
    assert error.file.endswith(place)
    assert "<theme>/<indicator_id>.yml" in error.expected


def test_a_register_of_no_known_name_is_refused_and_not_passed_over(tmp_path: Path) -> None:
    write_home(tmp_path)
    put(tmp_path / "registers" / "measure.yml", [])
    error = refused(tmp_path)
    assert error.file.endswith("registers/measure.yml")
    assert "measures.yml" in error.expected


def test_an_id_in_two_themes_is_refused(tmp_path: Path) -> None:
    other = without(INDICATOR, "cost_concept", "price_basis", theme="behov", unit="antal")
    error = refused(write_home(tmp_path, INDICATOR, other))
    assert (error.key, error.found) == ("indicator_id", "kostnad_provad")
    assert "once" in error.expected


def test_a_folder_without_declarations_is_refused_and_not_taken_as_empty(tmp_path: Path) -> None:
    assert "declarations" in refused(tmp_path / "nowhere").expected


def test_a_key_that_stands_twice_is_refused_with_its_line(tmp_path: Path) -> None:
    write_home(tmp_path)
    path = tmp_path / "catalogue" / "kostnad" / "kostnad_provad.yml"
    text = path.read_text(encoding="utf-8").rstrip().removesuffix("}").rstrip()
    path.write_text(text + ',\n "polarity": "higher_better"\n}\n', encoding="utf-8")
    error = refused(tmp_path)
    assert error.file == str(path)
    assert "'polarity' stands twice" in str(error)
    path.write_text("a: {b: 1, b: 2}\n", encoding="utf-8")
    assert "'b' stands twice" in str(refused(tmp_path))


@pytest.mark.parametrize(("content", "expected"), [("a: [1", "YAML"), ("", "dictionary"), ("- 1", "dictionary")])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, content: str, expected: str) -> None:
    write_home(tmp_path)
    put(tmp_path / "catalogue" / "kostnad" / "kostnad_provad.yml", content)
    assert expected in refused(tmp_path).expected


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    write_home(tmp_path)
    (tmp_path / "catalogue" / "kostnad" / "kostnad_provad.yml").write_bytes("title_sv: Å".encode("latin-1"))
    error = refused(tmp_path)
    assert (error.key, error.expected) == ("byte 10", "UTF-8 text")


@pytest.mark.parametrize(
    ("register", "row", "key", "found"),
    [
        ("data_gaps", {"proxy_indicator": "finns_inte"}, "saknat: proxy_indicator", "finns_inte"),
        ("controls", {"measure": "finns_inte"}, "summa: measure", "finns_inte"),
        ("controls", {"weight": "finns_inte"}, "summa: measure", "finns_inte"),
        ("controls", {"kind": "sum"}, "row 1: kind", "sum"),
        ("measures", {"series_id": "N00001"}, "row 1: series_id", "N00001"),
        ("measures", {"dataset": "kolada"}, "row 1: dataset", "kolada"),
    ],
)
def test_a_spoiled_register_is_refused_with_its_row(
    tmp_path: Path, register: str, row: dict[str, Any], key: str, found: str
) -> None:
    rows = [without(REGISTERS[register][0], **row), *REGISTERS[register][1:]]
    error = refused(write_home(tmp_path, **{register: rows}))
    assert error.file.endswith(f"registers/{register}.yml")
    assert (error.key, error.found) == (key, found)


def test_an_id_that_stands_twice_in_a_register_is_refused(tmp_path: Path) -> None:
    error = refused(write_home(tmp_path, measures=[*REGISTERS["measures"], REGISTERS["measures"][0]]))
    assert (error.key, error.expected, error.found) == ("row 3: measure_id", "each id once", "kostnad_totalt")


def test_a_register_that_is_no_list_is_refused(tmp_path: Path) -> None:
    write_home(tmp_path)
    put(tmp_path / "registers" / "measures.yml", {"measure_id": "x"})
    assert "a list of rows" in refused(tmp_path).expected


WHY = "Skälet till att variabeln räknas med."
SET: dict[str, Any] = {
    "recipe_id": "lika", "recipe_version": 1, "title_sv": "Lika", "default": True, "neighbours": 7,
    "purpose_sv": "Kommuner som är lika i två avseenden.",
    "variables": [
        {"measure": "invanare", "log": True, "weight": 1, "why_sv": WHY},
        {"measure": "kostnad_totalt", "per": "invanare", "weight": 0.5, "why_sv": WHY},
    ],
}  # fmt: skip
KOLADA_SET: dict[str, Any] = {
    "title_pattern": "^Liknande, (?P<area>.+)$", "recipe_id": "lika", "title_sv": "Koladas",
    "purpose_sv": "Koladas egna, med en annans id.", "expected_groups": 1, "members_each": 1,
    "valid_from": "2024-01-01",
}  # fmt: skip
JUDGED = {
    "indicator_id": "invanare_bedomda", "kind": "published", "dataset": "kolada.values", "series": "N00002",
    "polarity": "higher_better", "unit": "antal", "value_type": "count", "theme": "behov",
}  # fmt: skip
TWICE = [SET["variables"][0], SET["variables"][0]]


@pytest.mark.parametrize(
    ("sets", "more", "key", "found"),
    [
        ([without(SET, default=False)], {}, "default", "none"),
        ([SET, without(SET, recipe_id="fler")], {}, "default", "lika, fler"),
        ([SET], {"similar_groups": [KOLADA_SET]}, "recipe_id", "lika, lika"),
        ([without(SET, variables=TWICE)], {}, "row 1", "variables: each once"),
        (
            [without(SET, variables=[{**v, "measure": "finns_inte"} for v in SET["variables"]])],
            {},
            "lika",
            "finns_inte",
        ),
        ([without(SET, variables=[{**v, "weight": -1} for v in SET["variables"]])], {}, "weight", "-1"),
    ],
)
def test_a_set_of_similar_municipalities_that_cannot_be_is_refused(
    tmp_path: Path, sets: list[dict[str, Any]], more: dict[str, Any], key: str, found: str
) -> None:
    assert load_catalogue(write_home(tmp_path / "sound", similarity=[SET])).similarity[0].weights == (
        "invanare:log=1, kostnad_totalt:invanare=0.5"
    )
    error = refused(write_home(tmp_path / "spoiled", similarity=sets, **more))
    assert key in error.key
    assert found in str(error)


def test_a_set_by_what_an_indicator_judges_is_refused(tmp_path: Path) -> None:
    judged = without(INDICATOR, "numerator", "denominator", "multiplier", "cost_concept", "price_basis", **JUDGED)
    error = refused(write_home(tmp_path, INDICATOR, judged, similarity=[SET]))
    assert (error.key, error.expected) == ("lika: variables", "measures that no indicator judges")
    assert error.found == "invanare, which invanare_bedomda judges"


# ── the repository's own ──────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def ours() -> Catalogue:
    return load_catalogue()


def test_our_declarations_load_and_every_theme_has_indicators(ours: Catalogue) -> None:
    assert {i.theme for i in ours.indicators} == set(Theme)


def test_every_series_that_we_use_is_promised_by_the_snapshot_where_its_dataset_comes_by_it(ours: Catalogue) -> None:
    manifest = read_manifest(ROOT / "data" / "snapshot")
    used = {item.dataset for item in (*ours.indicators, *ours.measures) if item.dataset}
    assert used <= set(datasets())
    for dataset in used & set(manifest.datasets):
        assert set(ours.series_of(dataset, only_embedded=True)) <= set(
            manifest.datasets[dataset].deliveries[-1].promise.series
        )


def test_the_snapshot_holds_every_dataset_that_comes_by_it_and_its_files() -> None:
    folder = ROOT / "data" / "snapshot"
    manifest = read_manifest(folder)
    assert set(manifest.datasets) == {name for name, declared in datasets().items() if "snapshot" in declared.ways}
    files = [one.file for entry in manifest.datasets.values() for one in entry.deliveries]
    assert {*files, "manifest.json"} == {path.name for path in folder.iterdir()}


def test_our_indicators_become_rows_of_every_declared_table(ours: Catalogue) -> None:
    sources = {n: Source(p.title, p.attribution, p.rights_sv) for n, p in load_publishers().items()}
    rows = declared_rows(ours, sources)
    assert set(rows) == set(TABLES)
    for table, found in rows.items():
        assert all(len(row) == len(TABLES[table]) for row in found), table
    assert [row[0] for row in rows["indicator"]] == sorted(ours.by_id)
    measures = {row[0] for row in rows["measure"]}
    assert {m for row in rows["indicator_term"] for m in row[4:6] if m} <= measures


def test_published_notes_name_every_year_in_which_nothing_was_collected(ours: Catalogue) -> None:
    sources = {n: Source(p.title, p.attribution, p.rights_sv) for n, p in load_publishers().items()}
    rows = declared_rows(ours, sources)
    place = list(TABLES["indicator"]).index("notes")
    notes = {row[0]: row[place] for row in rows["indicator"]}
    assert notes["trygghet_hemtjanst"].startswith(
        "Mättes inte 2021: Socialstyrelsen frågade inte de äldre 2021; undersökningen gjordes 2020 och åter 2022. "
    )
    assert {name for name, year, _ in rows["indicator_not_collected"] if year == 2021} >= {"ensamhet_hemtjanst"}
    for name, year, reason in rows["indicator_not_collected"]:
        assert f"Mättes inte {year}: {reason}" in notes[name]
    for indicator in ours.indicators:
        assert (notes[indicator.indicator_id] or "").endswith(indicator.notes or "")


def test_no_survey_that_skipped_a_year_is_called_annual(ours: Catalogue) -> None:
    assert not [
        i.indicator_id for i in ours.indicators if "enkät" in i.definition_sv and "årlig" in i.definition_sv.casefold()
    ]


def test_computed_values_never_name_the_publisher_as_their_source(ours: Catalogue) -> None:
    publishers = load_publishers()
    sources = {n: Source(p.title, p.attribution, p.rights_sv) for n, p in publishers.items()}
    columns = list(TABLES["indicator"])
    for row in declared_rows(ours, sources)["indicator"]:
        cells = dict(zip(columns, row, strict=True))
        if cells["processing_level"] == "published":
            assert cells["attribution"] in {p.attribution for p in publishers.values()}
        else:
            assert not any(p.attribution in cells["attribution"] for p in publishers.values())


def fixed(indicator_id: str, **price_basis: Any) -> dict[str, Any]:
    """An indicator in fixed prices, as declared."""
    return without(INDICATOR, indicator_id=indicator_id, price_basis={"kind": "fixed", "index": "kpif", **price_basis})


@pytest.mark.parametrize("declared", [{}, {"base_year": 2021}])
def test_all_fixed_prices_are_of_the_one_year_of_the_register(tmp_path: Path, declared: dict[str, Any]) -> None:
    definition = "Kostnaden delad med antalet invånare. Omräknad till {base_year} års priser med KPIF."
    row = without(fixed("kostnad_provad", **declared), definition_sv=definition)
    home = write_home(tmp_path, row)
    level = home / "registers" / "price_level.yml"
    level.write_text("- {year: 2021, reason_sv: Det året gäller här.}\n", encoding="utf-8")

    catalogue = load_catalogue(home)

    (indicator,) = catalogue.indicators
    assert catalogue.price_level == 2021
    assert indicator.price_basis
    assert indicator.price_basis.label() == "fasta priser, 2021 års prisnivå (KPIF)"
    assert indicator.unit == "kr/inv i 2021 års priser (KPIF)"
    assert "till 2021 års priser" in indicator.definition_sv


def test_an_indicator_of_another_year_s_prices_is_refused(tmp_path: Path) -> None:
    home = write_home(tmp_path, fixed("kostnad_provad", base_year=2022))
    level = home / "registers" / "price_level.yml"
    level.write_text("- {year: 2021, reason_sv: Det året gäller här.}\n", encoding="utf-8")
    error = refused(home)
    assert (error.key, error.found) == ("price_basis.base_year", "2022")
    assert "2021" in error.expected

    level.write_text("- {year: 2022, reason_sv: Det året gäller.}\n- {year: 2021, reason_sv: Och det året.}\n", "utf-8")
    assert (refused(home).key, refused(home).found) == ("year", "2021, 2022")


def test_a_text_that_names_another_year_s_prices_is_refused(tmp_path: Path) -> None:
    told = "Kostnaden delad med antalet invånare. Omräknad till 2019 års priser med KPIF."
    error = refused(write_home(tmp_path, without(fixed("kostnad_provad", base_year=2022), definition_sv=told)))
    assert (error.key, error.found) == ("definition_sv", "2019 års priser")


# ── words that YAML reads as something else, and datasets whose declaration is wrong ──────────────

SURPRISES = [
    "65_79", "1_000", "0o17", "017", "0180", "0x1F", "0b1", "1:30", "190:20:30", "1e3", "1_0.5", "yes", "No", "on",
    "OFF", "y", "2001-12-14 21:59:43",
]  # fmt: skip


@pytest.mark.parametrize("word", SURPRISES)
@pytest.mark.parametrize("where", ["key", "value", "list"])
def test_a_word_that_yaml_reads_as_something_else_is_refused_with_its_line_and_what_to_do(
    tmp_path: Path, word: str, where: str
) -> None:
    path = tmp_path / "a.yml"
    text = {"key": f"? {word}\n: x" if ":" in word else f"{word}: x", "value": f"b: {word}", "list": f"b: [a, {word}]"}
    path.write_text(f"# a comment\na: 1\nc:\n  {text[where]}\n".replace("\n: x", "\n  : x"), encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        read_yaml(path)
    error = caught.value
    assert error.file == str(path)
    assert error.key.startswith("line 4: c")
    assert f"in quotes when it is a text ('{word}')" in error.expected
    assert word in str(error.found)
    path.write_text(path.read_text(encoding="utf-8").replace(word, f"'{word}'"), encoding="utf-8")
    assert word in str(read_yaml(path))


@pytest.mark.parametrize("key", ["1", "2024-01-01", "null", "~", "true", "1.5"])
def test_a_key_that_is_no_text_is_refused(tmp_path: Path, key: str) -> None:
    path = tmp_path / "a.yml"
    path.write_text(f"a: {{{key}: x}}\n", encoding="utf-8")
    with pytest.raises(DeclarationError, match=r"line 1: a\..*the key in quotes"):
        read_yaml(path)


def test_plain_values_are_read_as_they_look(tmp_path: Path) -> None:
    path = tmp_path / "a.yml"
    path.write_text("{a: 1, b: -2.5, c: 1.0e+13, d: true, e: 2024-01-01, f: , g: 65-79}\n", encoding="utf-8")
    assert list(read_yaml(path).values())[:6] == [1, -2.5, 1e13, True, date(2024, 1, 1), None]
    assert read_yaml(path)["g"] == "65-79"


@pytest.mark.parametrize("dataset", datasets())
def test_every_dataset_s_declaration_is_read_the_live_ones_too(dataset: str) -> None:
    origins.check_declaration(dataset)


@pytest.mark.parametrize(
    ("file", "old", "new", "dataset", "told"),
    [
        ("socialstyrelsen", '"65-79": "65_79"', '"65-79": 65_79', "halso_och_sjukvard", "65_79, which YAML reads as"),
        (
            "socialstyrelsen",
            "Kvinnor: K, Män: M, Båda",
            "Kvinnor: K, no: M, Båda",
            "halso_och_sjukvard",
            "true or false",
        ),
        ("skr", "description: The index.", "beskrivning: The index.", "prisindex", "index_id.description"),
        ("skr", "min: 1980", "min: åttio", "prisindex", "min"),
        ("skr", "    key: [index_id", "    nyckel: 1\n    key: [index_id", "prisindex", "nyckel"),
        ("kolada", "max_ids: 25", "max_ids: 1_000", "values", "1_000"),
    ],
)
def test_a_wrong_declaration_is_one_dataset_s_and_the_others_stand(
    tmp_path: Path, file: str, old: str, new: str, dataset: str, told: str
) -> None:
    path = _copied(tmp_path) / file / "declaration.yml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    found = load_publishers(tmp_path)
    assert {(p, d) for p, publisher in found.items() for d in publisher.faults} == {(file, dataset)}
    assert told in str(found[file].faults[dataset])
    assert str(path) in str(found[file].faults[dataset])
    sound = load_publishers()
    assert {p: list(v.datasets) for p, v in found.items()} == {p: list(v.datasets) for p, v in sound.items()}
    columns = {c: d.type for c, d in sound[file].datasets[dataset].columns.items()}
    assert {c: d.type for c, d in found[file].datasets[dataset].columns.items()} == columns


def test_a_declaration_whose_columns_cannot_be_told_is_refused_whole(tmp_path: Path) -> None:
    path = _copied(tmp_path) / "skr" / "declaration.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("index_id: {type: text", "index_id: {type: ord", 1), encoding="utf-8")
    with pytest.raises(DeclarationError, match=r"datasets.prisindex.columns.index_id.type"):
        load_publishers(tmp_path)


def _copied(target: Path) -> Path:
    for path in HOME.glob("*/declaration.yml"):
        (target / path.parent.name).mkdir()
        shutil.copy(path, target / path.parent.name)
    return target


def test_every_computed_indicator_says_whether_its_sides_are_one_population() -> None:
    silent = [i.indicator_id for i in load_catalogue().indicators if i.kind != "published" and i.population is None]

    assert silent == []
