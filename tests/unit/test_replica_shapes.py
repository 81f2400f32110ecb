"""The replicas' answers have the fields of the publishers' own, one by one; so have the answers that were recorded."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.support.replicas.kolada import KoladaReplica
from tests.support.replicas.scb import V1, V2, Limits, ScbReplica
from tests.support.replicas.server import Replica, Request
from tests.support.replicas.socialstyrelsen import SocialstyrelsenReplica
from tests.support.shapes import SHAPES, differences
from tests.support.shared import shared_file
from tests.unit.test_replicas import store

CHOSEN = "valueCodes[Region]=1440&valueCodes[ContentsCode]=BE0101N1&valueCodes[Tid]=2017,2018"
QUERY_V1 = {
    "query": [
        {"code": "Region", "selection": {"filter": "item", "values": ["1440"]}},
        {"code": "ContentsCode", "selection": {"filter": "item", "values": ["BE0101N1"]}},
        {"code": "Tid", "selection": {"filter": "item", "values": ["2017"]}},
    ],
    "response": {"format": "json"},
}
SCB_V2 = {
    "scb v2 config": "/config",
    "scb v2 tables": "/tables?pageSize=3&pageNumber=2",
    "scb v2 table": "/tables/TAB638",
    "scb v2 metadata": "/tables/TAB638/metadata",
    "scb v2 data": f"/tables/TAB638/data?{CHOSEN}",
    "scb v2 codelist": "/codelists/agg_Ålder5år",
}
KOLADA = {
    "kolada data": "/data/kpi/N00001/municipality/0114",
    "kolada oudata": "/oudata/kpi/N00001/ou/V15E01",
    "kolada ou": "/ou",
    "kolada municipality": "/municipality",
}


def asked(replica: Replica, host: str, path: str, body: bytes = b"") -> Any:
    address, _, query = path.partition("?")
    told = Request(
        "POST" if body else "GET",
        address,
        parse_qs(query, keep_blank_values=True),
        body,
        {},
        f"http://localhost/{host}",
    )
    reply = replica.answer(told)
    return json.loads(reply.body.decode("utf-8-sig"))


@pytest.fixture(scope="module")
def scb() -> ScbReplica:
    return ScbReplica(["1440"], v2=Limits(calls=1000))


@pytest.mark.parametrize("name", SCB_V2)
def test_scb_s_second_version_answers_with_its_fields(scb: ScbReplica, name: str) -> None:
    assert differences(name, asked(scb, V2, "/api/v2" + SCB_V2[name])) == []


def test_scb_s_first_version_answers_with_its_fields(scb: ScbReplica) -> None:
    home = "/OV0104/v1/doris/sv/ssd/"
    assert differences("scb v1 config", asked(scb, V1, home + "?config")) == []
    table = asked(scb, V1, home + "BE/BE0101/BE0101A/BefolkningNy", json.dumps(QUERY_V1).encode())
    assert differences("scb v1 data", table) == []


@pytest.mark.parametrize("name", KOLADA)
def test_kolada_answers_with_its_fields(name: str) -> None:
    assert differences(name, asked(KoladaReplica(store()), "api.kolada.se", "/v3" + KOLADA[name])) == []


def test_kolada_s_records_have_their_fields() -> None:
    replica = KoladaReplica(store())
    for kpi in asked(replica, "api.kolada.se", "/v3/kpi")["values"]:
        assert differences("kolada kpi", kpi) == []
    for group in asked(replica, "api.kolada.se", "/v3/municipality_groups")["values"]:
        assert [differences("kolada group member", member) for member in group["members"]] == [[], []]
    assert differences("kolada v2", asked(replica, "api.kolada.se", "/v2/kpi")) == []


def test_socialstyrelsen_answers_with_its_fields() -> None:
    replica = SocialstyrelsenReplica()
    home = "/api/v1/sv/skador"
    assert differences("socialstyrelsen words", asked(replica, "sdb.socialstyrelsen.se", f"{home}/alder")) == []
    for page in (1, 8):
        told = asked(replica, "sdb.socialstyrelsen.se", f"{home}/resultat/matt/1?per_sida=5&sida={page}")
        assert differences("socialstyrelsen results", told) == []


RECORDED = {
    "recorded_v2/config.json": "scb v2 config",
    "recorded_v2/tables.json": "scb v2 tables",
    "recorded_v2/search.json": "scb v2 tables",
    "recorded_v2/TAB6471_metadata.json": "scb v2 metadata",
    "recorded_v2/TAB6471_data.json": "scb v2 data",
    "recorded_v2/codelist_agg_Alder10arJ.json": "scb v2 codelist",
    "recorded_v1/v1_config.json": "scb v1 config",
    "recorded_v1/v1_json_response_BefolkningNy_kon1_2017.json": "scb v1 data",
    "recorded_yreg54bas/scb_yreg54bas.json": "scb v2 data",
    "server_examples/GetApiConfiguration.json": "scb v2 config",
    "server_examples/ListAllTables.json": "scb v2 tables",
    "server_examples/MetadataById_tab004_js2.json": "scb v2 metadata",
    "server_examples/TableById_tab004.json": "scb v2 table",
}


@pytest.mark.shared
@pytest.mark.parametrize("file", RECORDED)
def test_what_scb_answered_has_the_fields_that_are_told_of(file: str) -> None:
    recorded = json.loads(shared_file(f"data/scb/{file}").read_text(encoding="utf-8-sig"))
    assert differences(RECORDED[file], recorded) == []


@pytest.mark.shared
def test_what_kolada_answered_has_the_fields_that_are_told_of() -> None:
    recorded = json.loads(shared_file("data/kolada/v3_shapes.json").read_text(encoding="utf-8"))
    for kpi in recorded["kpi_metadata_recorded"]:
        assert differences("kolada kpi", kpi) == []
    for kind in ("data", "oudata", "ou", "municipality"):
        assert differences(f"kolada {kind}", recorded[f"{kind}_page_fixture"]) == []
    assert differences("kolada group member", recorded["group_members_v3"]) == []
    assert differences("kolada v2", recorded["v2_410_body"]) == []


def test_every_kind_of_answer_is_asked_for() -> None:
    others = {
        "socialstyrelsen words",
        "socialstyrelsen results",
        "scb v1 config",
        "scb v1 data",
        "kolada kpi",
        "kolada group member",
        "kolada v2",
    }
    assert {*SCB_V2, *KOLADA, *others} == set(SHAPES)
