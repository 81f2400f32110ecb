"""PxWeb as a tool: questions are cut so that nothing is asked twice or left out, and answers are read cell by cell."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import SourceError
from pipelines.settings import Settings
from pipelines.sources.http_client import Client, DamagedError
from pipelines.sources.pxweb import V1, V2, Limits, Mark, TooManyCellsError
from pipelines.sources.pxweb_answers import (
    Cells,
    cells_json_stat2,
    cells_json_v1,
    codelist_v2,
    metadata_v1,
    metadata_v2,
    require,
)
from pipelines.sources.pxweb_query import Query, split
from tests.support.replicas import scb
from tests.support.replicas.server import ReplicaServer
from tests.support.shared import shared_file

BOM = b"\xef\xbb\xbf"


def of(**sizes: int) -> Query:
    """A question for so many codes of each variable."""
    return Query({v: tuple(f"{v}{i}" for i in range(n)) for v, n in sizes.items()})


def cells_of(query: Query) -> list[tuple[tuple[str, str], ...]]:
    """Every cell of a question, as sorted pairs of variable and code."""
    pairs = [[(v, code) for code in codes] for v, codes in query.codes.items()]
    return [tuple(sorted(cell)) for cell in itertools.product(*pairs)]


_sizes = st.dictionaries(st.sampled_from("abcd"), st.integers(1, 9), min_size=1)


@given(_sizes, st.integers(1, 400), st.sets(st.sampled_from("abcd"), max_size=2))
def test_the_parts_of_a_question_hold_each_cell_once_and_none_is_too_large(
    sizes: dict[str, int], limit: int, whole: set[str]
) -> None:
    query = of(**sizes)
    together = math.prod(n for v, n in sizes.items() if v in whole)
    if together > limit:
        with pytest.raises(SourceError, match=f"at most {limit} cells"):
            split(query, limit, whole)
        return
    parts = split(query, limit, whole)
    assert sorted(cell for part in parts for cell in cells_of(part)) == sorted(cells_of(query))
    assert max(part.cells for part in parts) <= limit
    assert all(part.codes[v] == query.codes[v] for part in parts for v in whole & set(sizes))
    assert len(parts) == fewest(sizes, limit, whole)


def fewest(sizes: dict[str, int], limit: int, whole: set[str]) -> int:
    """The least number of parts, by trying every way of cutting each variable."""
    ways = itertools.product(*([1] if v in whole else range(1, n + 1) for v, n in sizes.items()))
    return min(
        math.prod(cut)
        for cut in ways
        if math.prod(-(-n // k) for n, k in zip(sizes.values(), cut, strict=True)) <= limit
    )


@pytest.mark.parametrize(
    ("sizes", "limit", "parts"),
    [
        ({"Region": 312, "Alder": 134, "Kon": 3, "Tid": 16}, 150_000, 14),  # 2 006 784 cells; 13 would hold 1 950 000
        ({"Region": 291, "Alder": 10, "Kon": 2, "Tid": 18}, 150_000, 1),
        ({"Region": 5}, 2, 3),
        ({"a": 312, "b": 134}, 100, 432),  # 16 × 27 runs of 20 × 5; singles of the larger would be 624
    ],
)
def test_questions_are_as_few_as_can_be(sizes: dict[str, int], limit: int, parts: int) -> None:
    assert len(split(of(**sizes), limit)) == parts


def test_the_largest_variable_is_the_one_that_is_cut() -> None:
    parts = split(of(Kon=2, Tid=10, Region=290), 3_000)
    assert [len(part.codes["Region"]) for part in parts] == [145, 145]
    assert all(len(part.codes["Tid"]) == 10 for part in parts)


def test_a_digest_tells_questions_apart_and_knows_the_same_one_again() -> None:
    query = Query({"a": ("1",), "b": ("2", "3")})
    assert query.digest == Query({"b": ("2", "3"), "a": ("1",)}).digest
    others = [Query({"a": ("1",), "b": ("2",)}), Query({"a": ("1",), "b": ("2", "3")}, {"b": "agg_x"})]
    assert len({query.digest, *(other.digest for other in others)}) == 3


@st.composite
def cubes(draw: st.DrawFn) -> tuple[dict[str, Any], dict[tuple[tuple[str, str], ...], tuple[float | None, str | None]]]:
    """A json-stat2 dataset in any of its spellings, and what each cell holds."""
    variables = draw(st.lists(st.sampled_from(["Region", "Kon", "Tid", "ålder"]), min_size=1, unique=True))
    codes = {
        v: draw(st.lists(st.sampled_from(["00", "1", "K", "2024M01", "åä"]), min_size=1, unique=True))
        for v in variables
    }
    order = list(itertools.product(*(codes[v] for v in variables)))
    value = st.none() | st.integers(-(10**12), 10**12) | st.floats(-1e9, 1e9, allow_nan=False)
    values = draw(st.lists(value, min_size=len(order), max_size=len(order)))
    signs = draw(st.lists(st.none() | st.sampled_from(["..", ".", "-"]), min_size=len(order), max_size=len(order)))
    sparse_values = {str(i): v for i, v in enumerate(values) if v is not None or draw(st.booleans())}
    sparse_signs = {str(i): s for i, s in enumerate(signs) if s is not None}
    dimension = {}
    for v in variables:
        index: Any = codes[v] if draw(st.booleans()) else dict(reversed([(c, i) for i, c in enumerate(codes[v])]))
        dimension[v] = {"category": {"index": index, "label": {c: f"label {c}" for c in codes[v]}}}
        if len(codes[v]) == 1 and draw(st.booleans()):
            del dimension[v]["category"]["index"]
    dataset = {
        "id": variables,
        "size": [len(codes[v]) for v in variables],
        "dimension": dimension,
        "value": draw(st.sampled_from([values, sparse_values])),
        "status": draw(st.sampled_from([signs, sparse_signs])),
    }
    held = {
        tuple(sorted(zip(variables, place, strict=True))): (None if x is None else float(x), s)
        for place, x, s in zip(order, values, signs, strict=True)
    }
    return dataset, held


@given(cubes())
def test_a_dataset_becomes_its_cells_however_it_is_spelt(made: Any) -> None:
    dataset, held = made
    frame = cells_json_stat2(json.dumps(dataset).encode()).frame
    variables = sorted(c for c in frame.columns if c not in {"value", "status"})
    found = {
        tuple(zip(variables, row[:-2], strict=True)): row[-2:]
        for row in frame.select(*variables, "value", "status").rows()
    }
    assert found == held
    assert frame.height == len(held)


def test_one_sign_may_stand_for_all_cells() -> None:
    dataset = {"id": ["Tid"], "size": [2], "dimension": {"Tid": {"category": {"index": ["1", "2"]}}}}
    frame = cells_json_stat2(json.dumps(dataset | {"value": {}, "status": ".."}).encode()).frame
    assert frame.rows() == [("1", None, ".."), ("2", None, "..")]


@pytest.mark.parametrize(
    "change",
    [
        {"value": [1.0]},
        {"value": {"2": 1.0}},
        {"value": {"x": 1.0}},
        {"status": ["..", None, None]},
        {"size": [3]},
        {"size": [2, 1]},
        {"id": ["Kon"]},
        {"dimension": {"Tid": {"category": {}}}},
    ],
)
def test_a_dataset_that_does_not_hold_together_is_damaged(change: dict[str, Any]) -> None:
    dataset = {"id": ["Tid"], "size": [2], "value": [1, 2], "dimension": {"Tid": {"category": {"index": ["1", "2"]}}}}
    assert cells_json_stat2(json.dumps(dataset).encode()).frame.height == 2
    with pytest.raises(DamagedError):
        cells_json_stat2(json.dumps(dataset | change).encode())


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"value": [1,', b"\xff\xfe{}"])
def test_what_is_no_answer_is_damaged(body: bytes) -> None:
    for read in (cells_json_stat2, cells_json_v1, metadata_v1, metadata_v2, codelist_v2):
        with pytest.raises(DamagedError):
            read(body)


V1_METADATA = {"title": "T", "variables": [{"code": "Tid", "text": "år", "values": ["1"], "valueTexts": ["1"]}]}
V2_DATASET = {
    "id": ["Tid"],
    "size": [1],
    "value": [1],
    "label": "L",
    "updated": "2025",
    "dimension": {"Tid": {"category": {"index": ["1"], "label": {"1": "1"}}, "extension": {"elimination": True}}},
}
V2_CODES = {"id": "agg", "label": "L", "values": [{"code": "1", "label": "ett", "valueMap": ["1"]}]}
V1_CELLS = {
    "columns": [{"code": "Tid", "type": "t"}, {"code": "X", "type": "c"}],
    "comments": [],
    "data": [{"key": ["1"], "values": ["5"]}],
    "metadata": [{"updated": "2025"}],
}
READERS: dict[str, tuple[Any, Any]] = {
    "metadata of version 1": (metadata_v1, V1_METADATA),
    "metadata of version 2": (metadata_v2, V2_DATASET),
    "a list of codes": (codelist_v2, V2_CODES),
    "cells of version 2": (cells_json_stat2, V2_DATASET),
    "cells of version 1": (cells_json_v1, V1_CELLS),
}


def places(found: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every mapping of an answer with declared fields; those by code have none."""
    if isinstance(found, dict):
        if not place or place[-1] not in {"dimension", "label", "index"}:
            yield place
        for key, value in found.items():
            yield from places(value, (*place, key))
    elif isinstance(found, list):
        for number, item in enumerate(found):
            yield from places(item, (*place, number))


EVERYWHERE = [(name, place) for name, (_, sound) in READERS.items() for place in places(sound)]


def at(found: Any, place: tuple[Any, ...]) -> Any:
    for key in place:
        found = found[key]
    return found


@pytest.mark.parametrize(("name", "place"), EVERYWHERE, ids=str)
def test_a_new_field_at_any_level_is_told_and_all_else_is_read_as_before(name: str, place: tuple[Any, ...]) -> None:
    read, sound = READERS[name]
    changed = json.loads(json.dumps(sound))
    at(changed, place)["publication_status"] = {"final": [True]}
    before, after = read(json.dumps(sound).encode()), read(json.dumps(changed).encode())
    assert before.new_fields == frozenset()
    (told,) = after.new_fields
    assert told.endswith("publication_status")
    if isinstance(after, Cells):
        assert after.frame.equals(before.frame)
    else:
        assert replace(after, new_fields=frozenset()) == before


@pytest.mark.parametrize(
    ("name", "place", "field"),
    [
        ("metadata of version 1", ("variables", 0), "valueTexts"),
        ("metadata of version 1", (), "variables"),
        ("metadata of version 2", (), "size"),
        ("metadata of version 2", ("dimension", "Tid"), "category"),
        ("a list of codes", ("values", 0), "label"),
        ("cells of version 2", (), "value"),
        ("cells of version 1", ("data", 0), "values"),
        ("cells of version 1", ("columns", 0), "type"),
    ],
)
def test_a_renamed_field_is_an_error_that_names_what_is_lacking_and_what_is_new(
    name: str, place: tuple[Any, ...], field: str
) -> None:
    read, sound = READERS[name]
    changed = json.loads(json.dumps(sound))
    at(changed, place)["annat_namn"] = at(changed, place).pop(field)
    with pytest.raises(SourceError, match=rf"lacking: \S*{field}.*new: \S*annat_namn"):
        read(json.dumps(changed).encode())


@pytest.mark.parametrize(
    ("name", "place", "field", "value"),
    [
        ("metadata of version 1", ("variables", 0), "code", None),
        ("metadata of version 2", (), "id", "Tid"),
        ("cells of version 2", (), "value", [1.0, "2"]),
        ("cells of version 2", (), "size", None),
        ("cells of version 1", ("data", 0), "key", [None]),
        ("cells of version 1", ("data", 0), "values", [5]),
        ("a list of codes", ("values", 0), "code", 1),
    ],
)
def test_a_field_that_is_null_or_of_another_type_is_an_error_with_its_place(
    name: str, place: tuple[Any, ...], field: str, value: Any
) -> None:
    read, sound = READERS[name]
    changed = json.loads(json.dumps(sound))
    at(changed, place)[field] = value
    with pytest.raises(SourceError, match=rf"another shape.*\$\S*{field}"):
        read(json.dumps(changed).encode())


@pytest.mark.parametrize("body", [b"null", b"[]", b'"text"'])
def test_another_kind_of_json_is_an_error_of_its_shape(body: bytes) -> None:
    for read, _ in READERS.values():
        with pytest.raises(SourceError, match="another shape"):
            read(body)


def v1_answer(rows: list[tuple[list[str], list[str | None]]], contents: tuple[str, ...] = ("X",)) -> bytes:
    """An answer of version 1 by Region and Tid."""
    columns = [{"code": "Region", "text": "region", "type": "d"}, {"code": "Tid", "text": "år", "type": "t"}]
    columns += [{"code": c, "text": c, "type": "c"} for c in contents]
    data = [{"key": key, "values": values} for key, values in rows]
    return BOM + json.dumps({"columns": columns, "data": data, "metadata": [{"updated": "2025-02-21"}]}).encode()


def test_texts_of_version_1_become_numbers_and_what_is_none_stays_a_sign() -> None:
    texts = ["1", "-2.50", "1e3", "..", ".", "NaN", "inf", "1 000", "0x1", "", None]
    answer = cells_json_v1(v1_answer([([f"{i:02d}", "2019"], [text]) for i, text in enumerate(texts)]))
    assert answer.updated == "2025-02-21"
    expected_values = [1.0, -2.5, 1000.0, *[None] * 8]
    expected_signs = [None, None, None, "..", ".", "NaN", "inf", "1 000", "0x1", None, None]
    assert answer.frame["value"].to_list() == expected_values
    assert answer.frame["status"].to_list() == expected_signs


def test_each_content_of_version_1_is_a_cell_of_its_own() -> None:
    answer = cells_json_v1(v1_answer([(["00", "2019"], ["1", ".."]), (["01", "2019"], ["3", "4"])], ("X", "Y")))
    assert answer.frame.sort("Region", "ContentsCode").rows() == [
        ("00", "2019", "X", 1.0, None),
        ("00", "2019", "Y", None, ".."),
        ("01", "2019", "X", 3.0, None),
        ("01", "2019", "Y", 4.0, None),
    ]


@pytest.mark.parametrize(
    "rows", [[(["00"], ["1"])], [(["00", "2019"], [])], [(["00", "2019"], ["1", "2"])], [(["00", "2019", "x"], ["1"])]]
)
def test_a_row_of_version_1_with_other_columns_is_damaged(rows: list[tuple[list[str], list[str | None]]]) -> None:
    with pytest.raises(DamagedError, match="as many codes and values"):
        cells_json_v1(v1_answer(rows))


def test_an_answer_of_version_1_is_as_new_as_its_newest_content() -> None:
    told = [{"updated": "2025-02-21T07:00:00Z"}, {"updated": "2025-03-01T07:00:00Z"}, {}]
    answer = json.loads(v1_answer([]).removeprefix(BOM)) | {"metadata": told}
    assert cells_json_v1(json.dumps(answer).encode()).updated == "2025-03-01T07:00:00Z"
    assert cells_json_v1(json.dumps(answer | {"metadata": []}).encode()).updated is None


def test_version_1_without_rows_is_an_empty_frame() -> None:
    assert cells_json_v1(v1_answer([])).frame.is_empty()


QUERY = Query({"Region": ("00", "01"), "Tid": ("2018", "2019")})


def whole(*lacking: tuple[str, str], extra: tuple[tuple[str, str], ...] = ()) -> Cells:
    """The cells of QUERY but some, and some more."""
    places = [c for c in itertools.product(*QUERY.codes.values()) if c not in lacking] + list(extra)
    rows = [(tid, region, 1.0, None) for region, tid in reversed(places)]
    schema = {"Tid": pl.String, "Region": pl.String, "value": pl.Float64, "status": pl.String}
    return Cells(pl.DataFrame(rows, schema=schema, orient="row"), None)


def test_all_that_was_asked_for_is_let_through_in_any_order() -> None:
    assert require(QUERY, whole(), "t").frame.height == 4


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (whole(("01", "2019")), "1 cells that were asked for did not come.*lacking: Region 01 × Tid 2019"),
        (whole(extra=(("00", "2018"),)), "5 cells; not asked for: none"),
        (whole(extra=(("02", "2018"),)), "not asked for: Region 02 × Tid 2018"),
        (Cells(whole().frame.drop("Tid"), None), "other variables.*expected: Region, Tid.*found: Region"),
        (Cells(whole().frame.with_columns(Kon=pl.lit("1")), None), "found: Tid, Region, Kon"),
        (whole(*itertools.product(*QUERY.codes.values())), "4 cells that were asked for did not come"),
    ],
)
def test_what_did_not_come_or_was_not_asked_for_is_named(cells: Cells, told: str) -> None:
    with pytest.raises(SourceError, match=told):
        require(QUERY, cells, "t")


def test_the_one_who_asks_names_what_is_lacking() -> None:
    def describe(codes: pl.DataFrame) -> list[str]:
        return [f"{row['Region']} in {row['Tid']}" for row in codes.iter_rows(named=True)]

    with pytest.raises(SourceError, match="lacking: 01 in 2018; 01 in 2019"):
        require(QUERY, whole(("01", "2018"), ("01", "2019")), "t", describe)


@pytest.mark.shared
def test_recorded_metadata_tells_codes_labels_and_lists() -> None:
    found = metadata_v2(shared_file("data/scb/recorded_v2/TAB6471_metadata.json").read_bytes())
    assert {v: len(of.values) for v, of in found.variables.items()} == {
        "Region": 312, "Alder": 134, "Kon": 3, "ContentsCode": 1, "Tid": 16
    }  # fmt: skip
    assert found.updated == "2026-06-08T06:00:00Z"
    age = found.variables["Alder"]
    assert {c for c, label in age.values.items() if label == "100+ år"} == {"100+", "100+10", "100+5"}
    assert (age.eliminable, found.variables["Kon"].eliminable) == (False, True)
    assert "vs_CKM035årN" in age.codelists
    codelist = codelist_v2(shared_file("data/scb/recorded_v2/codelist_agg_Alder10arJ.json").read_bytes())
    assert codelist.values["-9"] == "0-9 år"


@pytest.mark.shared
def test_a_recorded_dataset_has_the_values_of_its_file() -> None:
    body = shared_file("data/scb/recorded_v2/TAB6471_data.json").read_bytes()
    raw, found = json.loads(body), cells_json_stat2(body)
    assert found.frame.height == 21 * 11 * 3 * 4 == len(raw["value"])
    assert found.frame.columns == ["Region", "Alder", "Kon", "ContentsCode", "Tid", "value", "status"]
    # The second age of the first county, women, the third month: 1·12 + 2·4 + 2 cells from the beginning.
    place = {"Region": "01", "Alder": "10-19", "Kon": "2", "Tid": "2026M03"}
    assert found.frame.filter(**place)["value"].to_list() == [raw["value"][22]]
    assert found.frame.filter(Region="25")["value"].to_list() == raw["value"][-132:]
    assert found.updated == "2026-06-08T06:00:00Z"


@pytest.mark.shared
def test_a_recorded_answer_of_version_1_is_read() -> None:
    found = cells_json_v1(shared_file("data/scb/recorded_v1/v1_json_response_BefolkningNy_kon1_2017.json").read_bytes())
    assert found.frame.rows() == [("1", "2017", "BE0101N1", 5_082_662.0, None)]
    assert found.updated == "2025-02-21T07:00:00Z"


@pytest.mark.shared
def test_a_recorded_dataset_of_occupations_is_read_whole() -> None:
    found = cells_json_stat2(shared_file("data/scb/recorded_yreg54bas/scb_yreg54bas.json").read_bytes())
    assert found.frame.height == 21_500
    assert found.frame["value"].null_count() == 0


class Served:
    """A client of each version, and the server that they ask."""

    def __init__(self, server: ReplicaServer, replica: scb.ScbReplica) -> None:
        self.server, self.replica = server, replica
        settings = Settings(requests_per_second=0, http_attempts=3, http_wait_seconds=0.001)
        self.client = Client(settings, 0, sleep=server.pause)
        self.v2 = V2(self.client, f"{server.base_url}/{scb.V2}/api/v2")
        self.v1 = V1(self.client, f"{server.base_url}/{scb.V1}/OV0104/v1/doris/sv/ssd")


@pytest.fixture
def served() -> Iterator[Served]:
    free = scb.Limits(calls=10_000)
    replica = scb.ScbReplica(("1480", "0180"), v2=free, v1=scb.Limits(110_000, 10_000, 1))
    with ReplicaServer(replica) as server:
        yield Served(server, replica)


TABLE = "TAB638"
PEOPLE = Query(
    {"Region": ("00", "1480"), "Alder": ("tot",), "Kon": ("1", "2"), "ContentsCode": ("BE0101N1",), "Tid": ("2018",)}
)
PATH = "BE/BE0101/BE0101A/BefolkningNy"


def test_both_versions_answer_the_same(served: Served) -> None:
    two = served.v2.data(TABLE, PEOPLE, lambda c: require(PEOPLE, c, TABLE)).content
    one = served.v1.data(PATH, PEOPLE, lambda c: require(PEOPLE, c, PATH)).content
    columns = two.frame.columns
    assert sorted(one.frame.select(columns).rows()) == sorted(two.frame.rows())
    assert two.frame.filter(Region="1480")["value"].sum() == 571_868
    assert one.updated == two.updated == "2025-02-21T07:00:00Z"
    assert served.v1.metadata(PATH).content.variables.keys() == served.v2.metadata(TABLE).content.variables.keys()
    expected = Mark("2025-02-21T07:00:00Z", "2018")
    assert served.v2.look(TABLE, PEOPLE, "Tid") == served.v1.look(PATH, PEOPLE, "Tid") == expected


def test_a_list_of_codes_stands_for_a_variable_s_own(served: Served) -> None:
    codes = {**PEOPLE.codes, "Alder": ("80-84", "100+")}
    query = Query(codes, {"Alder": "agg_Ålder5år"})
    frame = served.v2.data(TABLE, query, lambda c: require(query, c, TABLE)).content.frame
    place = {"Region": "1480", "Alder": "100+"}
    assert sorted(frame.filter(**place).select("Kon", "value").rows()) == [("1", 16.0), ("2", 85.0)]
    assert served.v2.codelist("agg_Ålder5år").content.values["80-84"] == "80-84 år"
    with pytest.raises(SourceError, match="this version of the interface"):
        served.v1.codelist("agg_Ålder5år")


class Budgeted:
    """Takes down the budget that a client is given."""

    budget: tuple[int, float] | None = None

    def set_budget(self, calls: int, seconds: float) -> None:
        self.budget = (calls, seconds)


@pytest.mark.parametrize(
    ("limits", "own", "budget"),
    [
        (Limits(150_000, 3, 1), 4, (2, 1)),
        (Limits(150_000, 30, 10), 4, (29, 10)),
        (Limits(150_000, 30, 10), 0, (29, 10)),
        (Limits(150_000, 1, 1), 4, (1, 1)),
        (Limits(150_000, 30, 10), 1, None),  # one's own budget is stricter
        (Limits(150_000, 0, 0), 4, None),  # the server sets none
    ],
)
def test_the_stricter_budget_is_kept_less_the_question_for_it(
    limits: Limits, own: float, budget: tuple[int, float] | None
) -> None:
    client = Budgeted()
    assert limits.agreed(client, own) is limits  # type: ignore[arg-type]
    assert client.budget == budget


def test_limits_are_those_that_the_server_tells(served: Served) -> None:
    served.replica.v2, served.replica.v1 = scb.Limits(150_000, 3, 1), scb.Limits(110_000, 30, 10)
    assert served.v2.limits() == Limits(150_000, 3, 1)
    assert served.v1.limits() == Limits(110_000, 30, 10)  # the stricter of maxValues and maxCells


@pytest.mark.shared
def test_recorded_configurations_are_read(served: Served) -> None:
    two = shared_file("data/scb/server_examples/GetApiConfiguration.json").read_bytes()
    one = shared_file("data/scb/recorded_v1/v1_config.json").read_bytes()
    served.server.faults.add("body", scb.V2, change=lambda _: two)
    served.server.faults.add("body", scb.V1, change=lambda _: one)
    assert served.v2.limits() == Limits(10_000, 30, 10)
    assert served.v1.limits() == Limits(110_000, 30, 10)


def test_too_many_cells_are_an_error_of_their_own(served: Served) -> None:
    served.replica.v2.enforced = served.replica.v1.enforced = 3
    for ask, table in ((served.v2, TABLE), (served.v1, PATH)):
        with pytest.raises(TooManyCellsError, match=r"403 for 4 cells: Too many cells selected\. 4 cells; at most 3"):
            ask.data(table, PEOPLE, lambda c: c)
    assert len(served.server.log) == 2  # a refusal is not asked again


def test_a_refusal_is_told_in_the_server_s_words(served: Served) -> None:
    query = Query({**PEOPLE.codes, "Kon": ("TotSa",)})
    with pytest.raises(SourceError, match=r"HTTP 400: Non-existent value\. Kon TotSa"):
        served.v2.data(TABLE, query, lambda c: c)
    with pytest.raises(SourceError, match=r"HTTP 404: Non-existent table\. TAB1"):
        served.v2.metadata("TAB1")
    with pytest.raises(SourceError, match=r"HTTP 404: Non-existent table\. XX/YY"):
        served.v1.metadata("XX/YY")
    served.server.faults.add("400")
    with pytest.raises(SourceError, match="HTTP 400: <html>"):
        served.v2.limits()


def test_too_many_calls_are_waited_for_as_long_as_the_server_says(served: Served) -> None:
    now = itertools.count(step=0.25)
    served.replica.v2, served.replica.clock = scb.Limits(calls=3, seconds=10), lambda: next(now)
    for _ in range(3):
        served.v2.limits()
    with pytest.raises(SourceError, match=r"no whole answer in 3 attempts.*HTTP 429"):
        served.v2.limits()
    assert served.server.waits == [10.0, 10.0]


@pytest.mark.parametrize("kind", ["html", "cut_right_length", "500", "gzip_broken"])
def test_an_answer_that_is_no_answer_is_asked_for_again(served: Served, kind: str) -> None:
    served.server.faults.add(kind)
    assert served.v2.data(TABLE, PEOPLE, lambda c: require(PEOPLE, c, TABLE)).content.frame.height == 4
    assert len(served.server.log) == 2


def test_a_newest_period_that_is_not_told_is_an_error(served: Served) -> None:
    served.server.faults.add("body", change=lambda _: v1_answer([]))
    with pytest.raises(SourceError, match="the newest period of a table is not told"):
        served.v1.look(PATH, PEOPLE, "Tid")
