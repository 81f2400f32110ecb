"""The replicas stand for the publishers in every other test, so what they answer is tried here.

Facts of Kolada's interface are those told of v3; where they are silent, a test says what the replica does.
"""

from __future__ import annotations

import gzip
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from pipelines.commands import main
from pipelines.errors import UsageError
from pipelines.settings import ROOT
from tests.support.command import NYCKELTAL
from tests.support.replicas import kolada_twists as twists
from tests.support.replicas.__main__ import replica_of
from tests.support.replicas.faults import FOREVER
from tests.support.replicas.kolada import KoladaReplica
from tests.support.replicas.kolada_store import Store, by_kpi, group_records, kpi_record
from tests.support.replicas.server import ReplicaServer, Reply, Request
from tests.support.shared import shared_file
from tests.support.small_snapshot import known

V3 = "/api.kolada.se/v3"
VALUES = pl.DataFrame(
    [
        ("N00001", "0114", 2021, "T", 10.0),
        ("N00001", "0114", 2021, "K", 11.5),
        ("N00001", "0114", 2022, "T", None),
        ("N00001", "0115", 2021, "T", 40.0),
        ("N00001", "0117", 2021, "T", 1.0),
        ("N00001", "0000", 2021, "T", 25.0),
        ("N00002", "0114", 2021, "T", 1e-7),
    ],
    schema=["series_id", "area_id", "year", "sex", "value"],
    orient="row",
)


def store() -> Store:
    return Store(
        values=by_kpi(VALUES),
        kpis=[kpi_record(0, "N00001", "Invånare"), kpi_record(1, "N00002", "Utgått mått (-2023)")],
        areas=[
            {"id": i, "title": name, "type": kind}
            for i, name, kind in (
                ("0000", "Riket", "L"),
                ("0114", "Upplands Väsby", "K"),
                ("0115", "Vallentuna", "K"),
                ("0117", "Österåker", "K"),
            )
        ],
        groups=group_records([("G1", "Två", "0114", "Upplands Väsby"), ("G1", "Två", "0115", "Vallentuna")]),
        kpi_groups=group_records([("G2KPI1", "Alla", "N00001", "Invånare")]),
        units=[
            {"id": "V15E01", "title": "Skola A", "municipality": "0114"},
            {"id": "V15E02", "title": "Skola B", "municipality": "0115"},
        ],
        unit_values=by_kpi(VALUES.with_columns(area_id=pl.lit("V15E01")).head(1)),
    )


@pytest.fixture
def replica() -> KoladaReplica:
    return KoladaReplica(store())


@pytest.fixture
def server(replica: KoladaReplica) -> Iterator[ReplicaServer]:
    with ReplicaServer(replica) as served:
        yield served


@pytest.fixture
def http(server: ReplicaServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.base_url, timeout=5) as client:
        yield client


def items(http: httpx.Client, path: str, **params: str) -> list[Any]:
    """All items of a chain, `count` being right on each page."""
    found: list[Any] = []
    url: str | None = str(http.build_request("GET", V3 + path, params=params).url)
    while url:
        page = http.get(url).raise_for_status().json()
        assert set(page) == {"values", "count", "next_url", "previous_url"}
        assert page["count"] == len(page["values"])
        found += page["values"]
        url = page["next_url"]
    return found


def keys(found: list[Any]) -> list[tuple[str, str, int]]:
    return [(i["kpi"], i["municipality"], i["period"]) for i in found]


def test_values_of_one_kpi_area_and_year_are_one_item(http: httpx.Client) -> None:
    found = items(http, "/data/kpi/N00001/municipality/0114")
    assert found[0] == {
        "kpi": "N00001",
        "municipality": "0114",
        "period": 2021,
        "values": [
            {"gender": "T", "count": 1, "status": "", "value": 10.0, "isdeleted": False},
            {"gender": "K", "count": 1, "status": "", "value": 11.5, "isdeleted": False},
        ],
    }
    assert [v["value"] for v in found[1]["values"]] == [None]
    assert items(http, "/data/kpi/N00002/municipality/0114")[0]["values"][0]["value"] == 1e-7


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/data/kpi/N00001,N00002/municipality/0114/year/2021", [("N00001", "0114"), ("N00002", "0114")]),
        ("/data/kpi/N00001/municipality/0115,0117", [("N00001", "0115"), ("N00001", "0117")]),
        ("/data/municipality/0114/year/2021", [("N00001", "0114"), ("N00002", "0114")]),
        ("/data/kpi/N99999/municipality/0114", []),
        ("/data/kpi/N00001/municipality/9999", []),
        ("/data/kpi/N00001/municipality/0114/year/1999", []),
    ],
)
def test_any_two_of_three_segments_are_enough(http: httpx.Client, path: str, found: list[tuple[str, str]]) -> None:
    assert [(kpi, area) for kpi, area, year in keys(items(http, path)) if year == 2021] == found


def test_the_query_form_answers_as_the_path_does(http: httpx.Client) -> None:
    for query, path in (
        (
            "/data/?kpi_id=N00001&kpi_id=N00002&municipality_id=0114&year=2021",
            "/data/kpi/N00001,N00002/municipality/0114/year/2021",
        ),
        ("/data/?municipality_id=0114,0115&year=2021&year=2022", "/data/municipality/0114,0115/year/2021,2022"),
        ("/oudata/?kpi_id=N00001&ou_id=V15E01", "/oudata/kpi/N00001/ou/V15E01"),
    ):
        found = http.get(V3 + query).raise_for_status().json()
        assert found["values"] == items(http, path) != [], query
    asked = "&".join(f"municipality_id={n:04}" for n in range(26))
    assert http.get(f"{V3}/data/?kpi_id=N00001&{asked}").status_code == 422


@pytest.mark.parametrize("path", ["/data/kpi/N00001", "/data/year/2021/kpi/N00001", "/data/kpi/N00001/ou/V15E01", "/x"])
def test_another_path_is_not_found(http: httpx.Client, path: str) -> None:
    assert http.get(V3 + path).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/data?kpi=N00001&year=2021", "/data", "/oudata/?ou=V15E01", "/data/kpi/N00001/year/2021?municipalty=0114",
        "/kpi?name=x", "/ou?kommun=0114",
    ],
)  # fmt: skip
def test_a_wrong_name_of_a_parameter_gives_an_empty_list_and_200(http: httpx.Client, path: str) -> None:
    assert http.get(V3 + path).raise_for_status().json() == {
        "values": [], "count": 0, "next_url": None, "previous_url": None,
    }  # fmt: skip


def test_groups_come_without_being_asked_for_with_unweighted_means(http: httpx.Client) -> None:
    found = items(http, "/data/kpi/N00001/year/2021")
    assert ("N00001", "0000", 2021) in keys(found)
    (group,) = [i for i in found if i["municipality"] == "G1"]
    values = {v["gender"]: (v["value"], v["count"]) for v in group["values"]}
    assert values == {"T": (25.0, 2), "K": (11.5, 2)}  # (10 + 40) / 2; only one member has a value for women
    assert keys(items(http, "/data/kpi/N00001/municipality/G1/year/2021")) == [("N00001", "G1", 2021)]
    assert "G1" not in [area for _, area, _ in keys(items(http, "/data/kpi/N00001/municipality/0114,0115"))]


@pytest.mark.parametrize("segment", ["kpi", "municipality", "year"])
def test_25_ids_are_let_through_and_26_are_not(http: httpx.Client, segment: str) -> None:
    for number, status in ((25, 200), (26, 422)):
        ids = {"kpi": "N00001", "municipality": "0114", "year": "2021"}
        ids[segment] = ",".join(str(2000 + n) if segment == "year" else f"N{n:05d}" for n in range(number))
        path = "/".join(f"{name}/{value}" for name, value in ids.items())
        assert http.get(f"{V3}/data/{path}").status_code == status
        assert http.get(f"{V3}/kpi/{ids['kpi']}").status_code == (status if segment == "kpi" else 200)


@pytest.mark.parametrize(
    ("query", "status"),
    [("per_page=5000", 200), ("per_page=5001", 422), ("per_page=0", 422), ("page=0", 422), ("page=x", 422)],
)
def test_pages_hold_at_most_5000(http: httpx.Client, query: str, status: int) -> None:
    assert http.get(f"{V3}/kpi?{query}").status_code == status


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_paging_gives_each_item_once_whatever_the_size(http: httpx.Client, replica: KoladaReplica, size: int) -> None:
    path = "/data/kpi/N00001,N00002/municipality/0000,0114,0115,0117"
    whole = items(http, path)
    assert len(whole) == 6
    assert items(http, path, per_page=str(size)) == whole
    replica.page_items = size  # a replica may give fewer than asked for
    assert items(http, path, per_page="5000") == whole
    assert items(http, path, page="99") == []


def test_the_next_page_is_on_the_same_host_and_keeps_the_question(http: httpx.Client, server: ReplicaServer) -> None:
    first = http.get(V3 + "/data/kpi/N00001/municipality/0114,0115?from_date=2019-01-01&per_page=1").json()
    second = http.get(first["next_url"]).json()
    assert first["next_url"].startswith(server.base_url + V3)
    assert "from_date=2019-01-01" in first["next_url"]
    assert first["previous_url"] is None
    assert http.get(second["previous_url"]).json() == first


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("/municipality", ["0000", "0114", "0115", "0117"]),
        ("/municipality?region_type=L", ["0000"]),
        ("/municipality/0114,0115", ["0114", "0115"]),
        ("/municipality?title=väsby", ["0114"]),
        ("/ou?municipality=0115", ["V15E02"]),
        ("/ou/V15E01", ["V15E01"]),
        ("/kpi?title=utgått", ["N00002"]),
        ("/municipality_groups", ["G1"]),
        ("/kpi_groups/G2KPI1", ["G2KPI1"]),
    ],
)
def test_lists_are_filtered(http: httpx.Client, path: str, ids: list[str]) -> None:
    address, _, query = path.partition("?")
    assert [i["id"] for i in items(http, address, **dict([query.split("=")] if query else []))] == ids


def test_values_of_units(http: httpx.Client) -> None:
    (found,) = items(http, "/oudata/kpi/N00001/year/2021")
    assert (found["ou"], found["values"][0]["value"]) == ("V15E01", 10.0)
    assert items(http, "/oudata/kpi/N00001/ou/V15E02") == []


def test_both_ways_of_telling_years_and_flags_are_there(http: httpx.Client) -> None:
    first, second = items(http, "/kpi")
    assert (first["publ_period"], first["is_divided_by_gender"]) == ("2025", True)
    assert (second["publ_period"], second["is_divided_by_gender"]) == (2025, 1)
    assert not isinstance(second["is_divided_by_gender"], bool)


def test_version_2_has_been_shut_off(http: httpx.Client) -> None:
    answer = http.get("/api.kolada.se/v2/kpi/N00001")
    assert (answer.status_code, answer.json()["error"]) == (
        410, "This endpoint is deprecated. Please use /v3 instead.",
    )  # fmt: skip


def test_what_changed_since_a_day_comes_with_its_whole_item(http: httpx.Client, replica: KoladaReplica) -> None:
    path = "/data/kpi/N00001,N00002/year/2021,2022,2023"
    assert items(http, path, from_date="2026-01-01") == []
    replica.store.revise("N00001", "0114", 2021, "K", 12.5, on=date(2026, 3, 2))
    replica.store.withdraw("N00001", "0115", 2021, "T", on=date(2026, 3, 1))
    replica.store.add("N00001", "0117", 2023, "T", 3.0, on=date(2026, 3, 3))
    since = {
        day: [k for k in keys(items(http, path, from_date=f"2026-03-0{day}")) if k[1] != "G1"] for day in range(1, 5)
    }
    revised, withdrawn, added = ("N00001", "0114", 2021), ("N00001", "0115", 2021), ("N00001", "0117", 2023)
    assert since == {1: [revised, withdrawn, added], 2: [revised, added], 3: [added], 4: []}
    values = {
        (i["municipality"], v["gender"]): v for i in items(http, path, from_date="2026-03-01") for v in i["values"]
    }
    assert (values["0114", "T"]["value"], values["0114", "K"]["value"]) == (10.0, 12.5)
    assert values["0115", "T"] == {"gender": "T", "count": 1, "status": "", "value": 40.0, "isdeleted": True}
    assert values["G1", "T"]["value"] == 10.0  # what was withdrawn is in no mean
    assert http.get(f"{V3}{path}?from_date=yesterday").status_code == 422


def test_changes_that_a_test_asks_for(http: httpx.Client, replica: KoladaReplica) -> None:
    replica.store.give_status("N00001", "0114", 2021, "T", "Sekretess")
    assert items(http, "/data/kpi/N00001/municipality/0114")[0]["values"][0]["status"] == "Sekretess"
    assert replica.store.drop(area="0114", year=2021) == 3
    assert keys(items(http, "/data/kpi/N00001,N00002/municipality/0114")) == [("N00001", "0114", 2022)]
    replica.store.remove_kpi("N00002")
    assert [k["id"] for k in items(http, "/kpi")] == ["N00001"]
    with pytest.raises(ValueError, match="no value"):
        replica.store.revise("N00001", "0114", 1999, "T", 1.0)
    with pytest.raises(ValueError, match="there already"):
        replica.store.add("N00001", "0115", 2021, "T", 1.0)


def test_the_embedded_figures_come_back_to_the_last_value() -> None:
    whole = known("kolada.values")
    series = whole["series_id"].unique().sort()[7]
    replica = KoladaReplica.from_snapshot()
    with ReplicaServer(replica) as server, httpx.Client(base_url=server.base_url, timeout=30) as http:
        areas = [a["id"] for a in items(http, "/municipality")]
        found = [
            (i["kpi"], i["municipality"], i["period"], v["gender"], v["value"])
            for start in range(0, len(areas), 25)
            for i in items(http, f"/data/kpi/{series}/municipality/{','.join(areas[start : start + 25])}")
            for v in i["values"]
        ]
        groups = items(http, "/municipality_groups")
    expected = whole.filter(series_id=series).select("series_id", "area_id", "year", "sex", "value")
    assert len(found) > 5000
    assert sorted(found, key=lambda r: r[:4]) == sorted(expected.rows(), key=lambda r: r[:4])
    members = pl.read_csv(ROOT / "data" / "snapshot" / "kolada_municipality_groups.csv")
    assert sum(len(g["members"]) for g in groups) == members.height


def test_made_up_values_have_no_gaps_and_differ() -> None:
    replica = KoladaReplica.dense(3, 30, 4)
    with ReplicaServer(replica) as server, httpx.Client(base_url=server.base_url) as http:
        areas = [a["id"] for a in items(http, "/municipality")]
        found = [
            (i["kpi"], i["municipality"], i["period"], v["gender"], v["value"])
            for some in (areas[:25], areas[25:])
            for i in items(http, f"/data/kpi/N00001,N00002,N00003/municipality/{','.join(some)}")
            for v in i["values"]
        ]
    assert len(found) == len({r[:4] for r in found}) == 3 * 30 * 4 * 3
    assert {r[2] for r in found} == {2021, 2022, 2023, 2024}
    assert len({r[4] for r in found if r[0] == "N00002"}) == 30 * 4 * 3


@pytest.mark.shared
def test_shapes_are_those_recorded(http: httpx.Client) -> None:
    recorded = json.loads(shared_file("data/kolada/v3_shapes.json").read_text(encoding="utf-8"))
    for name, path in (
        ("data_page_fixture", "/data/kpi/N00001/municipality/0114"),
        ("oudata_page_fixture", "/oudata/kpi/N00001/ou/V15E01"),
        ("ou_page_fixture", "/ou"),
        ("municipality_page_fixture", "/municipality"),
    ):
        ours, theirs = items(http, path)[0], recorded[name]["values"][0]
        assert set(ours) == set(theirs), name
        if "values" in ours:
            assert set(ours["values"][0]) == set(theirs["values"][0]), name
    assert set(items(http, "/municipality_groups")[0]["members"][0]) == set(recorded["group_members_v3"])
    for record in recorded["kpi_metadata_recorded"]:
        assert set(record) <= set(items(http, "/kpi")[0])
    assert http.get("/api.kolada.se/v2/kpi").json() == recorded["v2_410_body"]


def test_pages_are_spoilt_for_so_many_requests(http: httpx.Client, replica: KoladaReplica) -> None:
    replica.twist(twists.none_at_all, match="/kpi?title", times=1, after=1)
    counts = [http.get(f"{V3}/kpi?title=").json()["count"] for _ in range(3)]
    assert counts == [2, 0, 2]
    replica.twist(twists.first_item(id="other"))
    assert http.get(f"{V3}/kpi").json()["values"][0]["id"] == "other"
    replica.untwist()
    assert http.get(f"{V3}/kpi").json()["values"][0]["id"] == "N00001"


def test_answers_that_are_kept_are_the_same_answers(server: ReplicaServer, http: httpx.Client) -> None:
    kept = KoladaReplica(store(), keeps_answers=True)
    with ReplicaServer(kept) as other:
        address = other.base_url + V3 + "/data/kpi/N00001/municipality/0114,0115?per_page=1&page=2"
        first, second = http.get(address).content, http.get(address).content
    assert first == second
    ours = http.get(address.replace(other.base_url, server.base_url)).json()
    assert ours["values"] == json.loads(first)["values"]


class Echo:
    """Tells what it was asked."""

    hosts = ("echo.example", "other.example")

    def answer(self, request: Request) -> Reply:
        if request.path == "/broken":
            raise RuntimeError("the replica is broken")
        body = request.body.decode()
        return Reply.json([request.method, request.path, request.query, body, request.base, "x" * 500], X_Said="yes")


@pytest.fixture
def echo() -> Iterator[ReplicaServer]:
    with ReplicaServer(Echo()) as served:
        yield served


def test_a_request_comes_as_it_was_sent(echo: ReplicaServer) -> None:
    address = f"{echo.base_url}/other.example/a%20b/%C3%A5?x=1&x=2&y="
    answer = httpx.post(address, content="kropp å".encode())
    assert answer.json()[:5] == [
        "POST", "/a b/å", {"x": ["1", "2"], "y": [""]}, "kropp å", f"{echo.base_url}/other.example",
    ]  # fmt: skip
    assert answer.headers["X-Said"] == "yes"
    assert echo.log == [("POST", "other.example", "/a%20b/%C3%A5?x=1&x=2&y=")]
    echo.clear_log()
    assert echo.log == []


def test_answers_are_packed_when_the_client_takes_it_and_it_is_on(echo: ReplicaServer) -> None:
    address = f"{echo.base_url}/echo.example/"
    plain = httpx.get(address, headers={"Accept-Encoding": "identity"})
    packed = httpx.get(address, headers={"Accept-Encoding": "gzip"})
    echo.gzip = False
    off = httpx.get(address, headers={"Accept-Encoding": "gzip"})
    encodings = [a.headers.get("content-encoding") for a in (plain, packed, off)]
    assert encodings == [None, "gzip", None]
    assert plain.content == packed.content == off.content


def test_a_host_without_a_replica_is_named(echo: ReplicaServer) -> None:
    answer = httpx.get(f"{echo.base_url}/nobody.example/x")
    assert answer.status_code == 404
    assert "nobody.example" in answer.text
    assert "echo.example" in answer.text


def test_a_replica_that_raises_makes_the_leaving_raise() -> None:
    with pytest.raises(AssertionError, match="could not answer"), ReplicaServer(Echo()) as served:
        assert httpx.get(f"{served.base_url}/echo.example/broken").status_code == 400


def test_the_plug_is_pulled_and_put_in_again(echo: ReplicaServer) -> None:
    address = f"{echo.base_url}/echo.example/"
    with httpx.Client() as client:
        assert client.get(address).status_code == 200
        echo.stop()
        echo.stop()
        for _ in range(2):  # the connection that was open is gone as well
            with pytest.raises(httpx.ConnectError):
                client.get(address)
        echo.start()
        echo.start()
        assert client.get(address).status_code == 200


def spoken(server: ReplicaServer, path: str = "/echo.example/") -> tuple[bytes, str]:
    """What comes over the wire, and how it ended."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=2) as wire:
        wire.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        heard = b""
        while True:
            try:
                part = wire.recv(65536)
            except ConnectionResetError:
                return heard, "reset"
            if not part:
                return heard, "end"
            heard += part


def body_of(heard: bytes) -> tuple[int, bytes]:
    """The promised length, and what came."""
    head, _, body = heard.partition(b"\r\n\r\n")
    (length,) = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
    return int(length.split(b":")[1]), body


def test_how_bodies_are_cut(echo: ReplicaServer) -> None:
    whole, body = body_of(spoken(echo)[0])
    assert whole == len(body)
    for kind, promised, ending in (
        ("cut_right_length", whole // 2, "end"),
        ("cut_wrong_length", whole, "end"),
        ("reset_mid_body", whole, "reset"),
    ):
        echo.faults.add(kind)
        heard, how = spoken(echo)
        assert how == ending
        if how == "end":
            assert body_of(heard) == (promised, body[: whole // 2])
    echo.faults.add("reset")
    assert spoken(echo) == (b"", "reset")


def test_a_body_may_come_a_byte_at_a_time(echo: ReplicaServer) -> None:
    began = time.monotonic()
    echo.faults.add("slow_drip", seconds=0.0005)
    length, body = body_of(spoken(echo)[0])
    assert len(body) == length > 500
    assert time.monotonic() - began > 0.0005 * length


def test_what_is_said_to_be_gzip_and_is_not(echo: ReplicaServer) -> None:
    echo.faults.add("gzip_broken")
    heard, _ = spoken(echo)
    assert b"Content-Encoding: gzip" in heard
    with pytest.raises(Exception, match=r"(?i)decompress|gzip|crc|eof"):
        gzip.decompress(body_of(heard)[1])


@pytest.mark.parametrize(
    ("kind", "value", "status", "header"),
    [
        ("503", "", 503, None),
        ("429", "", 429, ("Retry-After", None)),
        ("429_retry_after", "", 429, ("Retry-After", "0")),
        ("429_retry_after", "7", 429, ("Retry-After", "7")),
        ("moved", "", 302, ("Location", "http://elsewhere.invalid/moved")),
        ("moved", "http://x.example/", 302, ("Location", "http://x.example/")),
        ("html", "", 200, ("Content-Type", "text/html; charset=utf-8")),
    ],
)
def test_answers_that_stand_instead(
    echo: ReplicaServer, kind: str, value: str, status: int, header: tuple[str, str | None] | None
) -> None:
    echo.faults.add(kind, value=value)
    answer = httpx.get(f"{echo.base_url}/echo.example/")
    assert answer.status_code == status
    if header:
        assert answer.headers.get(header[0]) == header[1]
    assert httpx.get(f"{echo.base_url}/echo.example/").headers["X-Said"] == "yes"


def test_a_fault_strikes_the_requests_that_match_so_many_times(echo: ReplicaServer) -> None:
    echo.faults.add("503", host="echo.example", match="page=2", times=2, after=1)
    echo.faults.add("404", match="gone", times=FOREVER)
    echo.faults.add("body", match="/b", change=lambda body: b"[1]" + body[:0])

    def status(host: str, path: str) -> int:
        return httpx.get(f"{echo.base_url}/{host}{path}").status_code

    assert [status("echo.example", "/a?page=2") for _ in range(4)] == [200, 503, 503, 200]
    assert status("other.example", "/a?page=2") == 200
    assert [status("other.example", "/gone") for _ in range(3)] == [404] * 3
    assert httpx.get(f"{echo.base_url}/echo.example/b").json() == [1]
    echo.faults.clear()
    assert status("other.example", "/gone") == 200
    with pytest.raises(ValueError, match="unknown kind"):
        echo.faults.add("earthquake")
    with pytest.raises(ValueError, match="change"):
        echo.faults.add("body")


def test_a_closed_port_opens_after_so_many_waits(echo: ReplicaServer) -> None:
    address = f"{echo.base_url}/echo.example/"
    echo.faults.add("refused", times=3, seconds=60)
    for _ in range(3):
        with pytest.raises(httpx.ConnectError):
            httpx.get(address)
        echo.pause(0.5)
    assert httpx.get(address).status_code == 200
    assert echo.waits == [0.5] * 3
    assert len(echo.log) == 1


def test_a_closed_port_opens_by_itself_after_a_while(echo: ReplicaServer) -> None:
    def knock() -> None:
        socket.create_connection(("127.0.0.1", echo.port), timeout=2).close()

    echo.faults.add("refused", times=FOREVER, seconds=0.4)
    with pytest.raises(ConnectionRefusedError):
        knock()
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            knock()
        except ConnectionRefusedError:
            continue
        return
    raise AssertionError("the port stayed closed")


def test_the_port_may_close_at_a_request(echo: ReplicaServer) -> None:
    echo.faults.add("refused", match="page=2", seconds=60)
    with httpx.Client() as client:
        assert client.get(f"{echo.base_url}/echo.example/?page=1").status_code == 200
        with pytest.raises(httpx.TransportError):
            client.get(f"{echo.base_url}/echo.example/?page=2")
        with pytest.raises(httpx.ConnectError):
            client.get(f"{echo.base_url}/echo.example/?page=2")
        echo.pause(0)
        assert client.get(f"{echo.base_url}/echo.example/?page=2").status_code == 200


def test_every_publisher_s_replica_can_be_made() -> None:
    assert replica_of("kolada").hosts == ("api.kolada.se",)


def test_the_command_serves_until_it_is_told_to_end(tmp_path: Path) -> None:
    command = [str(NYCKELTAL), "replica", "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        example = process.stdout.readline()
        base = line.rsplit(": ", maxsplit=1)[1].strip()
        answer = httpx.get(f"{base}{V3}/municipality/1480", trust_env=False)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert answer.json()["values"] == [{"id": "1480", "title": "Göteborg", "type": "K"}]
    assert f"nyckeltal refresh --source live --base-url {base}" in example


def test_a_port_that_is_taken_is_told(echo: ReplicaServer) -> None:
    done = subprocess.run(
        [NYCKELTAL, "replica", "--port", str(echo.port)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert f"port {echo.port}" in done.stderr
    assert "--port" in done.stderr


def test_an_installed_copy_says_that_it_has_no_replicas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.settings.ROOT", tmp_path)
    monkeypatch.setattr(os, "execv", lambda *_: pytest.fail("a program was started"))
    with pytest.raises(UsageError) as caught:
        main.replica()
    assert "checkout" in caught.value.remedy
