"""The query interface over HTTP: every answer is what SQL on the same release gives, in every form, page by page."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import json
import shutil
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyjstat import pyjstat

from pipelines.api import answers, formats
from pipelines.errors import UsageError
from pipelines.reading import reader
from pipelines.settings import Settings
from pipelines.storage import release_pointer
from pipelines.text.csv_values import fullest_first
from tests.support.command import Place
from tests.support.served import ServedApi
from tests.support.small_snapshot import GOTEBORG

COST = "kostnad_aldreomsorg_per_inv_80"
V1 = "/api/v1"
GR = "area_id in (select area_id from area_membership where group_id = 'GR')"
KEY = "order by indicator_id, area_id, sex, year"


@pytest.fixture(scope="module")
def api(base: Place) -> Iterator[ServedApi]:
    with ServedApi(base.settings.releases_dir) as served:
        yield served


class Oracle:
    """The same release asked with plain SQL, out of a copy: one process opens a file in one way."""

    def __init__(self, database: Path) -> None:
        self._con = duckdb.connect(str(database), read_only=True)

    def sql(self, query: str) -> pl.DataFrame:
        return self._con.execute(query).pl()


@pytest.fixture(scope="module")
def oracle(base: Place, tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    folder = release_pointer.current_folder(base.settings.releases_dir)
    return Oracle(Path(shutil.copy(folder / release_pointer.DATABASE, tmp_path_factory.mktemp("oracle"))))


def as_json(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON tells them."""

    def told(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.isoformat(timespec="microseconds")
        return value.isoformat() if isinstance(value, date) else value

    return [{name: told(value) for name, value in row.items()} for row in frame.to_dicts()]


# An address, and the query that it means.
QUESTIONS = {
    "/indicators": "from indicator order by indicator_id",
    "/indicators?theme=kostnad,kvalitet": "from indicator where theme in ('kostnad', 'kvalitet') order by indicator_id",
    "/indicators?q=HEMTJANST": "from indicator where strip_accents(concat_ws(' ', indicator_id, title_sv, title_en, "
    "definition_sv)) ilike '%hemtjanst%' order by indicator_id",
    f"/indicators/{COST}": f"from indicator where indicator_id = '{COST}'",
    "/areas": "from area order by area_id",
    "/areas?area_type=county&area_type=nation": "from area where area_type in ('county', 'nation') order by area_id",
    "/areas?group=GR": f"from area where {GR} order by area_id",
    "/areas?q=goteborg": "from area where name ilike '%göteborg%' order by area_id",
    "/observations": f"from observation {KEY}",
    f"/observations?indicator={COST}&area={GOTEBORG}": f"from observation where indicator_id = '{COST}' "
    f"and area_id = '{GOTEBORG}' {KEY}",
    f"/observations?area={GOTEBORG}&group=GR&sex=K,M&year=2019-2020,2022": "from observation where "
    f"{GR} and sex <> 'T' and year in (2019, 2020, 2022) {KEY}",
    "/observations?theme=behov&area_type=nation&year=2021-": "from observation join indicator using (indicator_id) "
    f"select observation.* where theme = 'behov' and area_id = '0000' and year >= 2021 {KEY}",
    "/observations?status=missing,not_collected&year=-2020": "from observation "
    f"where status in ('missing', 'not_collected') and year <= 2020 {KEY}",
    f"/observations?indicator={COST}&labels=true": f"from observation_wide where indicator_id = '{COST}' {KEY}",
    f"/observations?indicator={COST}&theme=behov": "from observation where false",
    f"/as-of?moment=2100-01-01&indicator={COST}": f"from observation where indicator_id = '{COST}' {KEY}",
    "/as-of?moment=1999-12-31T23:59:59Z": "from observation where false",
    f"/comparison?area={GOTEBORG}&year=2022&sex=T": f"from comparison where area_id = '{GOTEBORG}' and year = 2022 "
    f"and sex = 'T' {KEY}",
    f"/trend?group=GR&indicator={COST}&sex=T": f"from trend where {GR} and indicator_id = '{COST}' and sex = 'T' "
    "order by area_id, horizon",
    f"/trend?indicator={COST}&sex=T&horizon=recent": f"from trend where indicator_id = '{COST}' and sex = 'T' "
    "and horizon = 'recent' order by area_id",
    "/trend?horizon=long_run,recent&area=0180": "from trend where area_id = '0180' "
    "order by indicator_id, area_id, sex, horizon",
    "/place?area=0180&year=2022&sex=T": f"from place where area_id = '0180' and year = 2022 and sex = 'T' {KEY}",
    "/funnel?year=2020-": "from funnel where false",  # the small figures have too few municipalities
    "/revisions": "from revision",
    "/release": "from release",
}


def in_csv(name: str, text: str | None) -> str:
    """A text as a CSV of ours says it, but for the apostrophe before what could be misread."""
    if name == "sex":
        return {"T": "total", "K": "women", "M": "men"}[text or ""]
    is_code = name in {"area_id", "county_id", "region_id"} and (text or "").isdigit()
    return f"SE_{text}" if is_code else (text or "none").removeprefix("'").replace('"', "”")


@pytest.mark.parametrize("address", QUESTIONS)
def test_an_answer_is_what_sql_gives(address: str, api: ServedApi, oracle: Oracle) -> None:
    wanted = oracle.sql(QUESTIONS[address])
    assert wanted.height or "false" in QUESTIONS[address] or "revision" in address
    rows = api.rows(V1 + address)
    assert rows == as_json(wanted)
    path, _, query = (V1 + address).partition("?")
    as_parquet = api.get(f"{path}.parquet?{query}")
    assert pl.read_parquet(as_parquet.content).equals(wanted)
    wanted = fullest_first(wanted)  # the order of CSV
    as_csv = list(csv.reader(io.StringIO(api.get(f"{path}.csv?{query}").text)))
    assert as_csv[0] == wanted.columns
    assert len(as_csv) - 1 == wanted.height
    for name in wanted.columns:
        cells = [row[as_csv[0].index(name)] for row in as_csv[1:]]
        if wanted[name].dtype == pl.Float64:
            assert [float(c) if c else None for c in cells] == wanted[name].to_list()
        elif wanted[name].dtype == pl.String:
            assert [c.removeprefix("'") for c in cells] == [in_csv(name, v) for v in wanted[name]]


@pytest.mark.parametrize(
    ("in_csv", "in_tables"), [("area=SE_1480&sex=women,T", "area=1480&sex=K,T"), ("group=GR&sex=men", "group=GR&sex=M")]
)
def test_parameters_take_codes_as_csv_has_them(in_csv: str, in_tables: str, api: ServedApi) -> None:
    wanted = api.rows(f"{V1}/observations?indicator=andel_80&{in_tables}")
    assert wanted
    assert api.rows(f"{V1}/observations?indicator=andel_80&{in_csv}") == wanted
    refused = api.get(f"{V1}/observations?area=SE_9999")
    assert (refused.status_code, refused.json()["what"]) == (400, "there is no such area")


def test_missing_is_null_beside_its_status(api: ServedApi) -> None:
    missing = api.rows(f"{V1}/observations", status="missing", area=GOTEBORG)
    assert missing
    assert all(row["value"] is None and row["missing_reason"] for row in missing)
    lines = api.get(f"{V1}/observations.csv", status="missing", area=GOTEBORG).text.splitlines()
    assert all(row["value"] == "" and row["status"] == "missing" for row in csv.DictReader(lines))


def test_the_figure_of_the_tour_comes_back(api: ServedApi) -> None:
    (row,) = api.rows(f"{V1}/observations", indicator=COST, area=GOTEBORG, year=2022, sex="T")
    assert round(row["value"]) == 290766


@pytest.mark.parametrize("address", ["/observations?labels=false&", "/as-of?moment=2100-01-01&"])
def test_json_stat_reads_back_as_the_same_observations(address: str, api: ServedApi, oracle: Oracle) -> None:
    question = f"{V1}{address}indicator={COST},andel_80,trygghet_hemtjanst&group=GR&area=GR&year=2020-"
    text = api.http.get(question, headers={"Accept": "application/vnd.json-stat+json"}).text
    found = json.loads(text)
    where = (
        f"indicator_id in ('{COST}', 'andel_80', 'trygghet_hemtjanst') and year >= 2020 and (area_id = 'GR' or {GR})"
    )
    wanted = oracle.sql(
        f"select indicator_id, area_id, sex, year::varchar as year, value, status from observation where {where}"
    )
    codes = [found["dimension"][name]["category"]["index"] for name in found["id"]]
    cells = {str(place): key for place, key in enumerate(itertools.product(*codes))}
    assert found["size"] == [len(c) for c in codes]
    assert {cells[place]: value for place, value in found["value"].items()} == {
        row[:4]: row[4] for row in wanted.rows() if row[4] is not None
    }
    assert {cells[place]: status for place, status in found["status"].items()} == {
        row[:4]: row[5] for row in wanted.rows() if row[5] != "normal"
    }
    read = pyjstat.Dataset.read(text).write("dataframe")
    assert read["value"].notna().sum() == wanted["value"].count()
    assert set(read["Område"]) == set(oracle.sql(f"select name from area where area_id = 'GR' or {GR}")["name"])
    cited = found["extension"]["attribution"]
    assert cited[COST] == {"municipality": "Källa: Kolada", "group": cited[COST]["group"]}
    assert "Källa" not in cited[COST]["group"]


@pytest.mark.parametrize("ending", ["json", "csv", "parquet"])
def test_columns_can_be_chosen_and_come_in_their_order(ending: str, api: ServedApi, oracle: Oracle) -> None:
    wanted = oracle.sql(f"select value, year from observation where indicator_id = '{COST}' and area_id = '1480' {KEY}")
    address = f"{V1}/observations.{ending}?indicator={COST}&area=1480&columns=value,year"
    body = api.get(address).content
    if ending == "json":
        assert json.loads(body)["rows"] == wanted.to_dicts()
        rows = api.rows(address, limit=2)  # the cursor needs the key, the rows do not
        assert rows == wanted.to_dicts()
        assert list(rows[0]) == ["value", "year"]
    else:
        frame = pl.read_csv(body) if ending == "csv" else pl.read_parquet(body)
        assert frame.rows() == wanted.rows()
        assert frame.columns == ["value", "year"]
    other = address.replace("value,year", "year,value")
    assert api.get(other).headers["etag"] != api.get(address).headers["etag"]


@pytest.mark.parametrize(
    ("asked", "note"),
    [
        ("as-of?moment=1999-12-31", "nothing of this was known at 1999-12-31: the first of it became known 20"),
        (f"as-of?moment=1999-12-31T12:00:00Z&indicator={COST}&year=2022", "nothing of this was known at"),
        (f"as-of?moment=2100-01-01&indicator={COST}&year=1950", "there are values of the years"),
        ("observations?indicator=andel_personcentrerad_plan", "väntar på kommunernas egna uppgifter"),
        (f"comparison?indicator={COST}&year=1900", "there are values of the years"),
        (f"comparison?indicator={COST}&area=0000", "values of a nation are never compared with others"),
        ("comparison?area_type=nation,region&year=2022", "values of a nation are never compared with others"),
        (f"observations?indicator={COST}&theme=behov", "no rows answer all of this at once: indicator, theme"),
        ("indicators?q=hemj%C3%A4nst", "did you mean hemtjänst"),
        ("areas?q=G%C3%B6teborgg", "did you mean göteborg"),
        ("revisions", "nothing has changed since the release before"),
    ],
)
def test_an_empty_answer_says_why_in_every_form(asked: str, note: str, api: ServedApi) -> None:
    path, _, parameters = asked.partition("?")
    answer = api.get(f"{V1}/{asked}")
    assert answer.status_code == 200
    assert (answer.json()["count"], answer.json()["rows"]) == (0, [])
    assert note in answer.json()["note"]
    table = api.get(f"{V1}/{path}.csv?{parameters}")
    assert table.text.count("\n") == 1
    assert note.encode("ascii", "replace").decode()[:20] in table.headers["Nyckeltal-Note"]


@pytest.fixture(scope="module")
def whole(full_release: Settings) -> Iterator[ServedApi]:
    """The whole release, which has values with cautions."""
    with ServedApi(full_release.releases_dir) as served:
        yield served


@pytest.mark.slow
def test_a_value_with_a_caution_is_said_to_be_compared_with_nothing(whole: ServedApi) -> None:
    answer = whole.get(f"{V1}/comparison", indicator=COST, area="1761", year=2007).json()
    assert answer["rows"] == []
    assert "a value with a caution is not compared with others: known_error" in answer["note"]
    alone = whole.get(f"{V1}/comparison", indicator=COST, area="0000", year=2007).json()
    assert "never compared" in alone["note"]
    assert "caution" not in alone["note"]


@pytest.mark.slow
def test_json_stat_says_the_caution_of_a_value_in_its_own_status(whole: ServedApi) -> None:
    wanted = {"indicator": COST, "area": "1761", "year": "2006-2008", "sex": "T"}
    cube = whole.get(f"{V1}/observations.jsonstat", **wanted).json()
    assert cube["value"]["1"] == 0
    assert cube["status"] == {"1": "caution:known_error"}
    assert cube["extension"]["status_label"] == {"caution:known_error": "varning: källans värde är känt som fel"}
    assert cube["extension"]["caution"] == {"known_error": [1]}


@pytest.mark.parametrize(
    ("asked", "remedy"),
    [
        ("area=gr", "area=GR"), ("group=gr", "group=GR"), ("group=G%C3%B6teborgsregionen", "group=GR"),
        ("area_type=kommun", "area_type=municipality"), ("area_type=Kommuner", "area_type=municipality"),
        ("area_type=l%C3%A4n", "area_type=county"), ("area_type=grupper", "area_type=group"),
        ("area_type=riket", "area_type=nation"), ("area_type=municipalities", "did you mean municipality?"),
    ],
)  # fmt: skip
def test_what_was_meant_is_suggested_by_its_code(asked: str, remedy: str, api: ServedApi) -> None:
    refused = api.get(f"{V1}/observations?{asked}")
    assert (refused.status_code, refused.json()["remedy"]) == (400, remedy)


def test_a_span_that_ends_before_it_begins_is_refused(api: ServedApi) -> None:
    refused = api.get(f"{V1}/observations?year=2022-2018")
    assert refused.status_code == 400
    assert refused.json()["expected"] == "a span that begins with its first year, such as 2018-2022"
    assert refused.json()["found"] == "2022-2018"


def test_an_answer_with_rows_has_no_note(api: ServedApi) -> None:
    answer = api.get(f"{V1}/observations", indicator=COST, area=GOTEBORG)
    assert "note" not in answer.json()
    assert "Nyckeltal-Note" not in answer.headers


def test_json_stat_of_nothing_is_an_empty_cube(api: ServedApi) -> None:
    found = api.get(f"{V1}/observations.jsonstat", indicator=COST, year=1900).json()
    assert (found["size"], found["value"], found["status"]) == ([0, 0, 0, 0], {}, {})
    assert "there are values of the years" in found["note"][1]


@pytest.mark.parametrize(
    "path", ["indicators", "areas", "comparison", "trend", "place", "funnel", "revisions", "release", "sql"]
)
def test_only_observations_are_a_cube(path: str, api: ServedApi) -> None:
    answer = api.get(f"{V1}/{path}.jsonstat")
    assert answer.status_code == (404 if path == "sql" else 406)


def test_forms_that_are_not_given(api: ServedApi) -> None:
    assert api.get(f"{V1}/release.xlsx").status_code == 406
    answer = api.told(api.http.get(f"{V1}/release", headers={"Accept": "text/html"}))
    assert answer.status_code == 406
    assert "text/csv" in answer.json()["expected"]


@pytest.mark.parametrize("address", ["/release.csv", "/indicators", f"/indicators/{COST}.parquet", "/areas?limit=1"])
def test_head_tells_what_get_tells_without_the_rows(address: str, api: ServedApi) -> None:
    got, told = api.get(V1 + address), api.http.head(V1 + address)
    assert (told.status_code, told.content) == (200, b"")
    unlike = {"date", "content-length"}
    assert {k: v for k, v in told.headers.items() if k not in unlike} == {
        k: v for k, v in got.headers.items() if k not in unlike
    }


@pytest.mark.parametrize("batch", [7, 100_000])
def test_gzip_is_the_same_answer_under_a_tag_of_its_own(
    batch: int, api: ServedApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "BATCH", batch)  # many pieces, or one
    address = f"{V1}/observations.csv?indicator={COST}"
    plain = api.get(address)
    with api.http.stream("GET", address, headers={"Accept-Encoding": "br, gzip;q=0.5"}) as zipped:
        raw = b"".join(zipped.iter_raw())
    with api.http.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as again:
        assert b"".join(again.iter_raw()) == raw
    assert (zipped.headers["content-encoding"], "content-encoding" in plain.headers) == ("gzip", False)
    assert gzip.decompress(raw) == plain.content
    assert zipped.headers["etag"] != plain.headers["etag"]
    assert "Accept-Encoding" in plain.headers["vary"]
    refused = api.http.get(address, headers={"Accept-Encoding": "gzip;q=0"})
    assert "content-encoding" not in refused.headers
    parquet = api.http.get(f"{V1}/areas.parquet", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in parquet.headers


def test_a_repeat_costs_nothing_and_never_reaches_the_database(place: Place) -> None:
    with ServedApi(place.settings.releases_dir) as api:
        address = f"{V1}/observations?indicator={COST}&area={GOTEBORG}"
        tag = api.get(address).headers["etag"]
        api.app.state.serving._now.con.close()  # whatever is asked of the database now fails
        for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
            answer = api.http.get(address, headers={"If-None-Match": known})
            assert (answer.status_code, answer.content) == (304, b"")
            assert answer.headers["etag"] == tag
        assert api.http.get(address, headers={"If-None-Match": '"other"'}).status_code == 200  # it is kept, ready
        assert api.get(f"{address}&sex=K").status_code == 500


def test_tags_are_strong_and_differ_by_question_form_and_page(api: ServedApi) -> None:
    addresses = [
        "observations",
        "observations.csv",
        "observations?limit=2",
        "observations?limit=1000",
        "as-of?moment=2100-01-01",
    ]
    addresses += ["observations?area=1480", "observations?area=1480&sex=T", "observations?labels=true", "comparison"]
    tags = [api.get(f"{V1}/{address}").headers["etag"] for address in addresses]
    assert len(set(tags)) == len(tags)
    assert all(tag.startswith('"') and tag.endswith('"') for tag in tags)
    assert api.get(f"{V1}/observations?sex=T&area=1480").headers["etag"] == tags[6]
    assert api.get(f"{V1}/observations").headers["cache-control"] == "no-cache"


WRONG = {
    "/observations?foo=1": ("unknown parameter", "foo"),
    "/observations?indikator=x": ("unknown parameter", "indikator"),
    "/trend?year=2020": ("unknown parameter", "year"),
    "/trend?horizon=senast": ("horizon", "senast"),
    "/comparison?horizon=recent": ("unknown parameter", "horizon"),
    "/release?area=1480": ("unknown parameter", "area"),
    "/observations?year=20": ("year", "20"),
    "/observations?year=2020,x": ("year", "x"),
    "/observations?year=": ("year", None),
    "/observations?sex=Q": ("sex", "Q"),
    "/observations?status=gone": ("status", "gone"),
    "/observations?limit=0": ("limit", "0"),
    "/observations?limit=50001": ("limit", "50001"),
    "/observations?limit=ten": ("limit", "ten"),
    "/observations?labels=maybe": ("labels", "maybe"),
    "/observations?limit=1&limit=2": ("limit", "several"),
    "/observations?area=9999": ("area", "9999"),
    "/observations?area=1480,": ("area", None),
    "/observations?area=G%C3%B6teborg": ("area", "Göteborg"),
    "/observations?area=1480'%20or%20'1'='1": ("area", "1480' or '1'='1"),
    "/observations?group=nobody": ("group", "nobody"),
    "/observations?theme=sport": ("theme", "sport"),
    "/observations?area_type=planet": ("area_type", "planet"),
    "/observations?indicator=kostnad_aldreomsorg_per_inv_8": ("indicator", "kostnad_aldreomsorg_per_inv_8"),
    "/observations?cursor=abc": ("cursor", "abc"),
    "/observations?columns=varde": ("column", "varde"),
    "/observations?columns=title_sv": ("column", "title_sv"),
    "/observations.jsonstat?columns=value": ("columns", None),
    "/as-of": ("moment", "nothing"),
    "/as-of?moment=yesterday": ("moment", "yesterday"),
    "/revisions?change=moved": ("change", "moved"),
    "/areas?q=": ("q", None),
}


@pytest.mark.parametrize("address", WRONG)
def test_what_is_asked_wrongly_is_refused_by_name(address: str, api: ServedApi) -> None:
    what, found = WRONG[address]
    answer = api.get(V1 + address)
    assert answer.status_code == 400
    problem = answer.json()
    assert what in problem["what"]
    assert problem.get("found") == found


def test_a_refusal_says_what_was_meant(api: ServedApi) -> None:
    assert "area=1480" in api.get(f"{V1}/observations", area="Göteborg").json()["remedy"]
    assert COST in api.get(f"{V1}/observations", indicator=COST[:-1]).json()["remedy"]
    assert "indicator" in api.get(f"{V1}/observations", indikator="x").json()["remedy"]
    assert "indicator" in api.get(f"{V1}/observations", foo="x").json()["expected"]


def test_a_code_that_lost_its_zero_is_told_and_nothing_else_is_suggested(
    api: ServedApi, base: Place, place: Place
) -> None:
    areas = pl.read_parquet(release_pointer.current_folder(base.settings.releases_dir) / "parquet" / "area.parquet")
    area = str(areas.filter(pl.col("area_id").str.contains("^0[0-9]{3}$"))["area_id"].max())
    answer = api.get(f"{V1}/observations", area=area[1:])
    assert (answer.status_code, answer.json()["remedy"]) == (400, f"area={area}")
    folder = release_pointer.current_folder(place.settings.releases_dir)  # a copy: the server has the other one open
    with pytest.raises(UsageError, match=f"did you mean {area}"):
        reader.find_area(folder, area[1:])
    assert reader.find_area(folder, f'="{area}"')[0] == area


@pytest.mark.parametrize("address", ["/nothing", "/indicators/nope", "/indicators/a'b", "/observations/x", "/", ""])
def test_what_is_not_there_is_404(address: str, api: ServedApi) -> None:
    assert api.get(V1 + address).status_code in {404, 400 if "'" in address else 404}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_changed(method: str, api: ServedApi) -> None:
    assert api.told(api.http.request(method, f"{V1}/observations")).status_code == 405


def test_a_form_that_cannot_say_that_more_follows_is_never_cut_short(
    api: ServedApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "MOST_ROWS", 100)
    for ending in ("csv", "parquet", "jsonstat"):
        refused = api.get(f"{V1}/observations.{ending}")
        assert refused.status_code == 400
        assert "/utgava/parquet/observation.parquet" in refused.json()["remedy"]
    limited = api.get(f"{V1}/observations.csv", limit=10)
    assert len(limited.text.splitlines()) == 11
    assert limited.links["next"]["url"].startswith(f"{V1}/observations.csv?limit=10&cursor=")
    first = api.get(f"{V1}/observations").json()
    assert (first["count"], len(first["rows"])) == (1000, 1000)


def test_a_cursor_belongs_to_its_question(api: ServedApi) -> None:
    following = api.get(f"{V1}/observations", area=GOTEBORG, limit=3).json()["next"]
    assert len(api.get(following).json()["rows"]) == 3
    assert len(api.get(following.replace("limit=3", "limit=5")).json()["rows"]) == 5
    assert len(api.get(following.replace("observations?", "observations.csv?")).text.splitlines()) == 4
    for other in (following.replace("area=1480", "area=0180"), following.replace("/observations", "/comparison")):
        refused = api.get(other)
        assert refused.status_code == 400
        assert "another question" in refused.json()["what"]


AREA_IDS = ["0000", "0180", "1280", "1440", GOTEBORG, "GR", "14"]
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "indicator": st.lists(
            st.sampled_from([COST, "andel_80", "trygghet_hemtjanst", "invanare_80"]), min_size=1, max_size=3
        ),
        "area": st.lists(st.sampled_from(AREA_IDS), min_size=1, max_size=4),
        "group": st.just(["GR"]),
        "theme": st.lists(st.sampled_from(["kostnad", "behov"]), min_size=1, max_size=2),
        "area_type": st.lists(st.sampled_from(["municipality", "nation", "county"]), min_size=1, max_size=2),
        "sex": st.lists(st.sampled_from("TKM"), min_size=1, max_size=3),
        "year": st.lists(st.sampled_from(["2019", "2020-2021", "2021-", "-2019"]), min_size=1, max_size=2),
        "status": st.lists(st.sampled_from(["normal", "missing"]), min_size=1, max_size=2),
    },
)
SPANS = {"2019": [2019], "2020-2021": [2020, 2021], "2021-": range(2021, 2100), "-2019": range(2020)}


@pytest.fixture(scope="module")
def observed(oracle: Oracle) -> pl.DataFrame:
    """Every observation with its theme and type of area, in the order of the key, to be filtered another way."""
    return oracle.sql(
        "select o.*, i.theme, a.area_type from observation o join indicator i using (indicator_id) "
        f"join area a using (area_id) {KEY}"
    )


@settings(max_examples=40)
@given(filters=FILTERS, limit=st.integers(1, 400), repeated=st.booleans())
def test_pages_put_together_are_the_whole_answer_once(
    filters: dict[str, list[str]], limit: int, repeated: bool, api: ServedApi, oracle: Oracle, observed: pl.DataFrame
) -> None:
    members = oracle.sql("select area_id from area_membership where group_id = 'GR'")["area_id"].to_list()
    wanted = observed
    for name, values in filters.items():
        if name == "year":
            wanted = wanted.filter(pl.col("year").is_in(sorted({y for v in values for y in SPANS[v]})))
        elif name in {"sex", "status", "theme", "area_type"}:
            wanted = wanted.filter(pl.col(name).is_in(values))
        elif name == "indicator":
            wanted = wanted.filter(pl.col("indicator_id").is_in(values))
    areas = [*filters.get("area", []), *(members if "group" in filters else [])]
    wanted = wanted.filter(pl.col("area_id").is_in(areas)) if areas else wanted
    limit = max(limit, -(-wanted.height // 30))  # at most so many pages

    asked: dict[str, Any] = {n: v if repeated else ",".join(v) for n, v in filters.items()}
    rows = api.rows(f"{V1}/observations", **asked, limit=limit)

    key = ["indicator_id", "area_id", "sex", "year"]
    assert [[row[k] for k in key] for row in rows] == [list(row) for row in wanted.select(key).rows()]
    assert [row["value"] for row in rows] == wanted["value"].to_list()


LISTINGS = ["indicators", "areas", "comparison", "trend", "place", "funnel", "observations", "as-of?moment=2100-01-01"]


@pytest.mark.parametrize("batch", [5, formats.BATCH])  # pages are long, or not: two plans for the database
@pytest.mark.parametrize("path", LISTINGS)
def test_any_listing_can_be_paged(
    path: str, batch: int, api: ServedApi, oracle: Oracle, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = api.rows(f"{V1}/{path}", limit=50_000)
    table = "observation" if "as-of" in path else path.removesuffix("s")
    assert len(whole) == oracle.sql(f"select count(*) from {table}").item()
    monkeypatch.setattr(formats, "BATCH", batch)
    limit = max(7, len(whole) // 20)
    assert api.rows(f"{V1}/{path}", limit=limit) == whole


def test_the_description_names_every_address_and_parameter(api: ServedApi) -> None:
    described = api.get(f"{V1}/openapi.json").json()
    wanted = {
        "indicators",
        "indicators/{indicator_id}",
        "areas",
        "observations",
        "as-of",
        "comparison",
        "trend",
        "place",
    }
    assert set(described["paths"]) == {
        f"{V1}/{path}" for path in wanted | {"funnel", "revisions", "release", "similar"}
    }
    for operations in described["paths"].values():
        (said,) = operations.values()
        assert said["summary"]
        assert all(parameter["description"] for parameter in said["parameters"])
        assert {"200", "304", "4XX"} <= set(said["responses"])
        assert "422" not in said["responses"]


def test_the_page_of_the_interface_is_swedish_whole_and_asks_nothing_of_others(api: ServedApi) -> None:
    page = api.get("/api/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert 'lang="sv"' in page.text
    for path in ("observations", "as-of", "comparison", "release"):
        assert f"GET {V1}/{path}" in page.text
    assert "sql" not in [line for line in page.text.splitlines() if "POST" in line]
    outward = [part for part in page.text.split('"') if part.startswith(("http:", "https:", "//"))]
    assert outward == []
    assert "<script" not in page.text
