"""The SCB connector against its replica: what it asks, what it keeps, and what becomes rows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.datasets import datasets
from pipelines.errors import SourceError
from pipelines.settings import Settings
from pipelines.sources import scb
from pipelines.sources.fetch_context import Context
from pipelines.sources.http_client import Client
from pipelines.sources.scb import fetching
from pipelines.sources.scb.declared import Live, live_of
from pipelines.sources.scb.places import find_cells
from pipelines.storage.archive import Archive, Fetch
from tests.support.deliveries import CATALOGUE, House, failed
from tests.support.replicas import scb_figures as figures
from tests.support.replicas.faults import FOREVER
from tests.support.replicas.scb import Limits, ScbReplica
from tests.support.replicas.server import ReplicaServer

NIGHT = datetime(2026, 11, 23, 2, 15)  # noqa: DTZ001 - times are UTC without zone
MUNICIPALITIES = ("0114", "0180", "1480", "1481")
AREAS = 1 + len(MUNICIPALITIES)
DATASETS = tuple(name for name in datasets() if name.startswith("scb."))
KEY = ["series_id", "area_id", "year", "sex"]


class Night:
    """A data folder, a replica, and the passing of nights; what is fetched counts as taken in unless told otherwise."""

    def __init__(self, folder: Path, server: ReplicaServer, replica: ScbReplica) -> None:
        self.server, self.replica = server, replica
        self.settings = Settings(
            data_dir=folder,
            source="live",
            base_urls={"*": server.base_url},
            requests_per_second=0,
            http_attempts=2,
            http_wait_seconds=0.001,
        )
        self.archive = Archive(self.settings.archive_dir)
        self.refused: set[str] = set()
        self.now = NIGHT

    def context(self) -> Context:
        client = Client(self.settings, 0, sleep=self.server.pause)
        return Context(self.settings, CATALOGUE, self.archive, self.now, lambda _: client, self.taken_in)

    def taken_in(self, dataset: str) -> list[Fetch]:
        return [f for f in self.archive.fetches(dataset) if f.content_id not in self.refused]

    def fetch(self, dataset: str) -> Fetch | None:
        return scb.fetch(self.context(), dataset)

    def rows(self, fetched: Fetch | None) -> pl.DataFrame:
        assert fetched is not None
        target = self.settings.data_dir / "rows.parquet"
        scb.parse(fetched, self.archive, target)
        return pl.read_parquet(target)

    def fetched_rows(self, dataset: str) -> pl.DataFrame:
        return self.rows(self.fetch(dataset))

    def asked(self, part: str = "", method: str = "") -> list[str]:
        return [path for verb, _, path in self.server.log if part in path and method in verb]

    def table(self, id_: str) -> figures.Table:
        return self.replica.tables[id_]


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    """Four municipalities, and servers that allow any number of calls."""
    replica = ScbReplica(MUNICIPALITIES, v2=Limits(calls=10_000), v1=Limits(110_000, 10_000, 1))
    with ReplicaServer(replica) as server:
        yield Night(tmp_path / "data", server, replica)


def values(frame: pl.DataFrame, **where: Any) -> dict[tuple[Any, ...], float | None]:
    """Value by the rest of the key."""
    rest = [c for c in KEY if c not in where]
    return {row[:-1]: row[-1] for row in frame.filter(**where).select(*rest, "value").rows()}


def test_population_is_what_the_snapshot_knows(night: Night) -> None:
    rows = night.fetched_rows("scb.population")
    known = pl.read_parquet(Settings().snapshot_dir / "scb_population.parquet")
    known = known.filter(pl.col("area_id").is_in(MUNICIPALITIES)).with_columns(pl.col("year").cast(pl.Int32))
    assert known.height == 4 * 11 * (10 * 2 + 1)
    same = known.join(rows, on=[*KEY, "value"], how="semi")
    assert same.height == known.height
    # Göteborg, 31 December 2018: 85 women and 16 men of 100 years or more, 571 868 inhabitants (SCB).
    assert values(rows, series_id="folkmangd_100_plus", area_id="1480", year=2018) == {
        ("K",): 85,
        ("M",): 16,
        ("T",): 101,
    }
    assert values(rows, series_id="folkmangd_totalt", area_id="1480", year=2018, sex="T") == {(): 571_868}
    # The nation, 31 December 2018: 10 230 185 inhabitants (SCB).
    assert values(rows, series_id="folkmangd_totalt", area_id="0000", year=2018, sex="T") == {(): 10_230_185}


def test_counts_with_noise_are_read_as_published_and_never_added(night: Night) -> None:
    rows = night.fetched_rows("scb.population")
    found = values(rows, year=2025, area_id="1480")
    ages = {"folkmangd_totalt": "TotSA", "folkmangd_80_84": "80-84", "folkmangd_100_plus": "100+5"}
    for series, age in ages.items():
        for sex, code in {"T": "TotSa", "K": "2", "M": "1"}.items():
            assert found[series, sex] == figures.noisy("1480", age, code, 2025)
    unequal = [s for s in {s for s, _ in found} if found[s, "T"] != (found[s, "K"] or 0) + (found[s, "M"] or 0)]
    assert unequal  # noise is different in each cell, so a sum would be seen


def test_each_dataset_brings_what_it_promised_and_names_the_file_of_each_row(night: Night) -> None:
    for dataset in DATASETS:
        fetched = night.fetch(dataset)
        rows = night.rows(fetched)
        assert fetched is not None
        assert (fetched.way, fetched.promise.complete, fetched.promise.rows) == ("live", True, rows.height)
        assert set(rows["source_file_sha256"]) <= {f.sha256 for f in fetched.files}
        assert all(f.published_at for f in fetched.files if "/data/" in f.url)
        if datasets()[dataset].kind == "facts":
            came = rows.group_by("series_id").agg(
                n=pl.len(), areas=pl.col("area_id").n_unique(), first=pl.col("year").min(), last=pl.col("year").max()
            )
            promised = {s: (p.rows, p.areas, p.first_year, p.last_year) for s, p in fetched.promise.series.items()}
            assert {row[0]: row[1:] for row in came.rows()} == promised
        assert rows.select(datasets()[dataset].key).is_unique().all()


def test_costs_are_those_of_the_nation_and_its_municipalities(night: Night) -> None:
    rows = night.fetched_rows("scb.kostnader")
    nation = values(rows, series_id="kostn_aldreomsorg_eget_atagande", area_id="0000", sex="T")
    # Published national cost of care of older people, mnkr.
    assert {y: nation[y,] for y in (2019, 2020, 2021)} == {2019: 129_380_000, 2020: 135_270_000, 2021: 138_798_000}
    assert rows["series_id"].n_unique() == 6 * 3
    assert set(rows["sex"]) == {"T"}
    assert rows.height == 18 * AREAS * 14


def test_makings_of_the_register_are_kept_apart(night: Night) -> None:
    rows = night.fetched_rows("scb.yrken")
    found = {
        series: (frame["year"].min(), frame["year"].max(), frame["area_id"].n_unique())
        for (series,), frame in rows.partition_by("series_id", as_dict=True).items()
    }
    assert {s: v for s, v in found.items() if "_532_" in str(s)} == {
        "anstallda_532_rams_2014": (2014, 2018, AREAS),
        "anstallda_532_n_2019": (2019, 2021, AREAS),
        "anstallda_532_bas_2020": (2020, 2022, AREAS),
        "anstallda_532_bas_2023": (2023, 2024, AREAS),
    }
    # Occupations of four digits are published for counties and the nation; only the nation is an area here.
    assert found["anstallda_5321_bas_2020"] == (2020, 2022, 1)
    both = values(rows, area_id="1480", year=2020, sex="K")
    assert both["anstallda_532_n_2019",] == figures.employees("YREG58N", "1480", "532", "2", 2020)
    assert both["anstallda_532_bas_2020",] == figures.employees("YREG58BAS", "1480", "532", "2", 2020)
    assert both["anstallda_532_n_2019",] != both["anstallda_532_bas_2020",]


def test_missing_cells_keep_their_reason(night: Night) -> None:
    table = night.table("TAB4396")
    place = {"Region": "1480", "Yrke2012": "222", "Tid": "2014"}
    table.signs = [
        ({**place, "Kon": "1"}, "."),
        ({**place, "Tid": "2015", "Kon": "2"}, "-"),
        ({**place, "Tid": "2016"}, ".."),
    ]
    rows = night.fetched_rows("scb.yrken").filter(series_id="anstallda_222_rams_2014", area_id="1480")
    told = {row[:2]: row[2:] for row in rows.select("year", "sex", "value", "status").rows()}
    women = figures.employees("YREG58", "1480", "222", "2", 2014)
    assert (told[2014, "M"], told[2014, "K"]) == ((None, "not_applicable"), (women, None))
    assert told[2014, "T"] == (None, "not_applicable")
    assert told[2015, "K"] == (None, "missing")
    assert told[2016, "T"] == told[2016, "K"] == told[2016, "M"] == (None, "missing")
    assert told[2017, "T"][1] is None


def test_signs_of_json_stat_keep_their_reason_too(night: Night) -> None:
    night.table("TAB5557").signs = [({"Region": "0180", "Alder": "100+5"}, "..")]
    rows = night.fetched_rows("scb.population").filter(series_id="folkmangd_100_plus", area_id="0180", year=2025)
    assert sorted(rows.select("sex", "value", "status").rows()) == [(s, None, "missing") for s in "KMT"]


def test_the_price_index_is_of_one_base_before_and_after_a_new_one(night: Night) -> None:
    before = night.fetched_rows("scb.kpif")
    assert (before.height, set(before["base"])) == (447, {"1987=100"})
    assert before.filter(year=1987, month=1)["value"].to_list() == [98.21]
    table = figures.kpif(2020)
    table.updated = "2026-01-15T07:00:00Z"
    night.replica.put(table)
    after = night.fetched_rows("scb.kpif")
    assert (after.height, set(after["base"])) == (447, {"2020=100"})
    assert after.filter(year=2020)["value"].mean() == pytest.approx(100, abs=0.01)
    ratio = (after["value"] / before["value"]).round(3)
    assert ratio.n_unique() == 1 or (ratio.max() - ratio.min()) < 0.002  # type: ignore[operator]


def test_a_month_not_published_yet_is_no_row_and_a_hole_is_an_error(night: Night) -> None:
    table = night.table("TAB6590")
    table.signs = [({"Tid": "2024M03"}, "..")]
    fetched = night.fetch("scb.kpif")
    assert fetched is not None
    assert fetched.promise.rows == night.rows(fetched).height == 446
    table.signs, table.updated = [({"Tid": "2023M03"}, "..")], "2026-01-15T07:00:00Z"
    with pytest.raises(SourceError, match=r"months without a value.*found: 2023M03"):
        night.fetch("scb.kpif")


def test_another_order_of_variables_and_categories_is_the_same_answer(night: Night) -> None:
    before = {dataset: night.fetched_rows(dataset) for dataset in DATASETS}
    for table in night.replica.tables.values():
        table.is_turned, table.updated = True, "2026-06-01T06:00:00Z"
    for dataset, rows in before.items():
        turned = night.fetched_rows(dataset)
        assert set(turned["source_file_sha256"]).isdisjoint(rows["source_file_sha256"])
        columns = [c for c in rows.columns if c != "source_file_sha256"]
        assert turned.select(columns).sort(columns).equals(rows.select(columns).sort(columns))


def test_questions_keep_to_the_limit_of_cells_and_the_rows_are_the_same(night: Night) -> None:
    before = night.fetched_rows("scb.population")
    whole = len(night.asked("/data", "POST"))
    night.settings = night.settings.model_copy(update={"full_sweep_days": 0})
    night.replica.v2 = Limits(100, 10_000, 1)
    night.server.clear_log()
    after = night.fetched_rows("scb.population")
    # Bands: 10 × 5 × 2 × 11 = 1 100 cells; totals: 110; 2025: 11 × 5 × 3 = 165. Sexes that are added stay together.
    assert (whole, len(night.asked("/data", "POST"))) == (3, 11 + 2 + 2)
    columns = [c for c in before.columns if c != "source_file_sha256"]
    assert after.select(columns).sort(KEY).equals(before.select(columns).sort(KEY))


def test_sexes_that_are_added_are_never_cut_apart(night: Night) -> None:
    night.replica.v2 = Limits(11, 10_000, 1)  # an odd number: cutting the sexes apart would need fewer questions
    regions = night.table("TAB638").variable("Region").values
    for code in set(regions) - {"00", "1480"}:
        del regions[code]
    rows = night.fetched_rows("scb.population").filter(pl.col("year") < 2025)
    wide = rows.pivot("sex", index=["series_id", "area_id", "year"], values="value")
    assert wide.height == 11 * 2 * 11
    assert wide.filter(pl.col("T") != pl.col("K") + pl.col("M")).is_empty()
    assert wide.null_count().sum_horizontal().item() == 0


def test_a_server_that_refuses_what_it_allows_is_asked_for_halves(night: Night) -> None:
    night.replica.v1.enforced = 400
    rows = night.fetched_rows("scb.kostnader")
    assert rows.height == 18 * AREAS * 14 == 1260
    # 1 260 cells are refused, and so are both halves; each quarter is let through.
    assert len(night.asked("KostnDR", "POST")) == 1 + 2 + 4


def test_a_server_that_refuses_even_small_questions_is_believed(night: Night) -> None:
    night.replica.v1.enforced = 0
    with pytest.raises(SourceError, match=r"refuses so many cells.*HTTP 403 for 90 cells: Too many cells selected"):
        night.fetch("scb.kostnader")
    assert len(night.asked("KostnDR", "POST")) == 1 + 3


def test_a_municipality_that_is_lacking_in_one_year_is_named(night: Night) -> None:
    night.table("TAB4199").lacking = [{"Region": "1480", "Tid": "2015", "Verksomrkom": "510"}]
    with pytest.raises(SourceError, match="3 cells that were asked for did not come") as caught:
        night.fetch("scb.kostnader")
    named = [f"kostn_aldreomsorg_{c} × 1480 × 2015" for c in ("bruttokostnad", "eget_atagande", "nettokostnad")]
    assert caught.value.found == f"lacking: {'; '.join(named)}"
    assert night.archive.latest("scb.kostnader") is None


def test_a_municipality_that_is_lacking_altogether_is_named_with_its_years(night: Night) -> None:
    night.table("TAB5557").lacking = [{"Region": "1481"}]
    with pytest.raises(SourceError, match="33 cells that were asked for did not come") as caught:
        night.fetch("scb.population")
    assert "folkmangd_100_plus × 1481 × 2025; folkmangd_55_59 × 1481 × 2025" in caught.value.found
    assert "and 1 more" in caught.value.found


def test_a_category_that_is_gone_from_the_table_is_named(night: Night) -> None:
    values = night.table("TAB5557").variable("Alder").values
    del values["100+5"]
    with pytest.raises(SourceError, match=r"Alder has no such code.*100\+5.*100\+1 \(100\+ år\), 100\+10") as caught:
        night.fetch("scb.population")
    assert caught.value.where == "table TAB5557"


def test_a_list_of_codes_that_is_gone_is_named(night: Night) -> None:
    codelists = night.table("TAB638").variable("Alder").codelists
    codelists["agg_Ålder5årNy"] = codelists.pop("agg_Ålder5år")
    with pytest.raises(SourceError, match=r"no such list of codes.*agg_Ålder5år .*found: vs_ÅlderTotA, agg_Ålder5årNy"):
        night.fetch("scb.population")


def test_too_many_calls_are_waited_for(night: Night) -> None:
    night.server.faults.add("429_retry_after", match="TAB638/data", value="7")
    night.fetch("scb.population")
    assert night.server.waits == [7.0]


def test_the_budget_that_the_server_tells_is_kept_to(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, float]] = []
    monkeypatch.setattr(Client, "set_budget", lambda _, calls, seconds: told.append((calls, seconds)))
    night.replica.clock = iter(range(1000)).__next__  # a second for each call, so that nothing is refused
    night.replica.v2, night.replica.v1 = Limits(150_000, 3, 1), Limits(110_000, 30, 10)
    night.fetch("scb.population")
    night.fetch("scb.kpif")
    assert told == [(2, 1.0), (29, 10.0)]  # one call was the question for the limits


def test_nothing_new_costs_a_request_a_table_and_brings_nothing(night: Night) -> None:
    for dataset in DATASETS:
        night.fetch(dataset)
    night.server.clear_log()
    night.now += timedelta(days=1)
    assert [night.fetch(dataset) for dataset in DATASETS] == [None] * 4
    assert len(night.server.log) == 2 + 1 + 1 + 6 <= 12
    assert all(len(night.archive.fetches(dataset)) == 1 for dataset in DATASETS)


def test_a_table_that_was_updated_is_fetched_again(night: Night) -> None:
    first = night.fetched_rows("scb.population")
    night.table("TAB5557").updated = "2026-08-20T06:00:00Z"
    night.table("TAB5557").signs = [({"Region": "0180", "Alder": "TotSA"}, "..")]
    second = night.fetched_rows("scb.population")
    assert second.height == first.height
    assert second["status"].drop_nulls().to_list() == ["missing"] * 3


def test_a_content_that_alone_was_updated_is_seen(night: Night) -> None:
    night.table("TAB4199").moments = {"0000005X": "2025-09-10T06:00:00Z"}
    fetched = night.fetch("scb.kostnader")
    assert fetched is not None
    assert fetched.files[1].published_at == "2025-09-10T06:00:00Z"
    assert night.fetch("scb.kostnader") is None
    night.table("TAB4199").moments = {"0000005X": "2025-10-10T06:00:00Z"}
    assert night.fetch("scb.kostnader") is not None


def test_a_new_period_is_fetched_though_nothing_says_updated(night: Night) -> None:
    night.fetch("scb.kostnader")
    table = night.table("TAB4199")
    table.variable("Tid").values["2025"] = "2025"
    assert night.fetched_rows("scb.kostnader")["year"].max() == 2025
    assert night.fetch("scb.kostnader") is None


def test_what_is_changed_without_a_word_is_met_by_the_next_sweep(night: Night) -> None:
    first = night.fetch("scb.kostnader")
    assert night.fetch("scb.kostnader") is None
    night.now += timedelta(days=7)
    assert night.fetch("scb.kostnader") == first  # the same bytes are the same fetch
    assert night.fetch("scb.kostnader") is None
    night.table("TAB4199").signs = [({"Region": "1480"}, "..")]
    night.now += timedelta(days=7)
    second = night.fetch("scb.kostnader")
    assert first is not None
    assert second is not None
    assert second.number == first.number + 1


def test_a_fetch_that_did_not_pass_is_asked_for_again(night: Night) -> None:
    first = night.fetch("scb.kpif")
    assert first is not None
    night.refused.add(first.content_id)
    assert night.fetch("scb.kpif") == first


def test_another_declaration_asks_again(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    night.fetch("scb.kostnader")
    live = live_of("scb.kostnader").model_dump()
    del live["tables"][0]["parts"][0]["words"]["Verksomrkom"]["lss"]
    monkeypatch.setattr(fetching, "live_of", lambda _: Live.model_validate(live))
    fetched = night.fetch("scb.kostnader")
    assert fetched is not None
    assert len(fetched.promise.series) == 5 * 3
    with pytest.raises(SourceError, match="not those that the declaration asks for"):
        night.rows(fetched)


def test_an_interrupted_fetch_goes_on_where_it_was(night: Night) -> None:
    night.server.faults.add("500", match="YREG58N", times=2)
    with pytest.raises(SourceError, match="HTTP 500"):
        night.fetch("scb.yrken")
    assert len(night.asked("YREG60", "POST")) == 4
    night.server.clear_log()
    night.now += timedelta(hours=1)
    fetched = night.fetch("scb.yrken")
    assert not night.asked("YREG60")
    assert night.rows(fetched).height == fetched.promise.rows if fetched else False


def test_answers_of_two_publications_are_not_mixed(night: Night) -> None:
    def newer(body: bytes) -> bytes:
        return body.replace(b"2025-12-04", b"2025-12-05")

    # The second of its three: the first is metadata, which tells no moment.
    night.server.faults.add("body", match="YREG58BAS", after=1, change=newer)
    with pytest.raises(SourceError, match="updated while it was being fetched") as caught:
        night.fetch("scb.yrken")
    assert caught.value.found == "answers of 2025-12-04T07:00:00Z and 2025-12-05T07:00:00Z"
    assert night.archive.latest("scb.yrken") is None
    night.server.clear_log()
    assert night.fetch("scb.yrken") is not None
    assert len(night.asked("YREG60", "POST")) == 4  # from the beginning


def test_rows_are_made_from_the_archive_alone(night: Night) -> None:
    fetched = {dataset: night.fetch(dataset) for dataset in DATASETS}
    night.server.stop()
    for dataset in DATASETS:
        assert night.rows(fetched[dataset]).height


def test_a_damaged_archive_is_told_and_mended(night: Night) -> None:
    fetched = night.fetch("scb.kpif")
    assert fetched is not None
    path = night.archive.object_path(fetched.files[1].sha256)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(SourceError, match="not what was given"):
        night.rows(fetched)
    (night.archive.object_path(fetched.files[0].sha256)).unlink()
    assert night.fetch("scb.kpif") == fetched
    assert night.rows(fetched).height == 447


def test_every_dataset_passes_the_gate(night: Night) -> None:
    house = House(night.settings)
    house.knows_areas(["0000", *MUNICIPALITIES])
    for dataset in DATASETS:
        fetched = night.fetch(dataset)
        assert fetched is not None
        staged = house.stage(dataset, fetched)
        assert (staged.held_back, failed(staged.checks, "block", "warn")) == (0, set())


def test_a_declared_sign_passes_the_gate(night: Night) -> None:
    house = House(night.settings)
    house.knows_areas(["0000", *MUNICIPALITIES])
    night.table("TAB4199").signs = [({"Region": "1480", "Tid": "2011"}, "-")]
    fetched = night.fetch("scb.kostnader")
    assert fetched is not None
    assert failed(house.stage("scb.kostnader", fetched).checks, "block", "warn") == set()


def test_an_address_tells_the_table_and_what_was_asked(night: Night) -> None:
    fetched = night.fetch("scb.population")
    assert fetched is not None
    names = [record.url.rpartition("/api/v2")[2] for record in fetched.files]
    assert names[0] == "/tables/TAB638/metadata?lang=sv#TAB638/metadata"
    assert names[1] == "/codelists/agg_%C3%85lder5%C3%A5r?lang=sv#TAB638/codelist/agg_%C3%85lder5%C3%A5r"
    assert names[2].startswith("/tables/TAB638/data?lang=sv&outputFormat=json-stat2#TAB638/data/0/")
    assert all(record.attribution == "Källa: SCB" and record.licence == "CC0 1.0" for record in fetched.files)


def test_a_context_of_another_folder_asks_anew(night: Night, tmp_path: Path) -> None:
    night.fetch("scb.kpif")
    elsewhere = night.settings.model_copy(update={"data_dir": tmp_path / "other"})
    context = replace(
        night.context(), settings=elsewhere, archive=Archive(elsewhere.archive_dir), taken_in=lambda _: []
    )
    assert scb.fetch(context, "scb.kpif") is not None


# ── what stands in place of a number, and fields that are new ─────────────────────────────────────


def spoil(night: Night, match: str, change: Callable[[Any], None]) -> None:
    """Change the JSON of every answer whose address holds `match`."""

    def changed(body: bytes) -> bytes:
        found = json.loads(body.decode("utf-8-sig"))
        change(found)
        return json.dumps(found).encode()

    night.server.faults.add("body", match=match, times=FOREVER, change=changed)


@pytest.mark.parametrize(
    "text", ["1,5", "1 234", "1.234,5", "−5", "1e3 ", " 7", "12*", "٣", "½", "1\u00a0234", "NaN", "inf", "x", "--"]
)
def test_a_text_of_version_1_that_is_neither_a_number_nor_a_declared_sign_refuses_the_answer(
    night: Night, text: str
) -> None:
    def change(found: Any) -> None:
        if "data" in found:
            found["data"][3]["values"][0] = text

    spoil(night, "KostnDR", change)
    with pytest.raises(SourceError, match="neither numbers nor declared signs") as caught:
        night.fetch("scb.kostnader")
    assert repr(text) in caught.value.found
    assert "kostn_" in caught.value.found, "the cell is told by its meaning"
    assert night.archive.latest("scb.kostnader") is None


def test_declared_signs_of_version_1_are_missing_values_and_no_faults(night: Night) -> None:
    def change(found: Any) -> None:
        if "data" in found:
            found["data"][0]["values"][0], found["data"][1]["values"][0] = "..", "."

    spoil(night, "KostnDR", change)
    rows = night.fetched_rows("scb.kostnader").filter(pl.col("value").is_null())
    assert set(rows["status"]) == {"missing", "not_applicable"}


def test_a_sign_of_version_2_that_nobody_knows_is_told_and_its_value_is_not_a_plain_one(night: Night) -> None:
    spoil(night, "TAB5557/data", lambda found: found.update(status={"0": "E"}))
    rows = night.fetched_rows("scb.population").filter(pl.col("status").is_not_null())
    assert rows.select("value", "status").rows() == [(None, "code:E")]


def test_a_sign_of_version_2_that_holds_digits_refuses_the_answer(night: Night) -> None:
    spoil(night, "TAB5557/data", lambda found: found.update(status={"0": "1,5"}))
    with pytest.raises(SourceError, match=r"neither numbers nor declared signs.*'1,5'"):
        night.fetch("scb.population")


def test_new_fields_of_every_kind_of_answer_are_told_once_and_nothing_else_changes(night: Night) -> None:
    sound = night.fetched_rows("scb.population").drop("source_file_sha256")
    night.settings = night.settings.model_copy(update={"data_dir": night.settings.data_dir / "other"})
    night.archive = Archive(night.settings.archive_dir)
    for match, name in {"/config": "a", "/metadata": "b", "/codelists/": "c", "/data": "d"}.items():
        spoil(night, match, lambda found, name=name: found.update({f"new_{name}": 1}))
    fetched = night.fetch("scb.population")
    assert fetched is not None
    assert fetched.new_fields == ("new_a", "new_b", "new_c", "new_d")
    assert night.rows(fetched).drop("source_file_sha256").equals(sound)


def test_a_new_field_of_the_look_whether_a_table_was_updated_is_told_though_nothing_comes(night: Night) -> None:
    night.fetch("scb.population")
    spoil(night, "TAB638?", lambda found: found.update(publication_status="final"))
    context = night.context()
    assert scb.fetch(context, "scb.population") is None
    assert context.new_fields == {"scb.population": {"publication_status"}}


@pytest.mark.parametrize(
    ("match", "old", "new"),
    [("/config", "maxDataCells", "maxCells"), ("/metadata", "size", "sizes"), ("/data", "value", "values")],
)
def test_a_renamed_field_is_told_as_lacking_and_new(night: Night, match: str, old: str, new: str) -> None:
    spoil(night, match, lambda found: found.update({new: found.pop(old)}))
    with pytest.raises(SourceError, match=rf"lacking: {old}.*new: {new}"):
        night.fetch("scb.population")
    assert night.archive.latest("scb.population") is None


@pytest.mark.parametrize("dataset", ["scb.population", "scb.kpif", "scb.kostnader", "scb.yrken"])
def test_a_row_is_found_in_the_cells_that_it_is_made_of(night: Night, dataset: str) -> None:
    fetched = night.fetch(dataset)
    rows = night.rows(fetched)
    assert fetched is not None
    columns = ["index_id", "year", "month"] if dataset == "scb.kpif" else ["series_id", "area_id", "year", "sex"]
    found_sums = 0
    for row in rows.gather_every(max(1, rows.height // 12)).iter_rows(named=True):
        sha256 = row["source_file_sha256"]
        found = find_cells(fetched, night.archive, sha256, tuple(row[column] for column in columns))
        answer = json.loads(night.archive.read_path(sha256).read_bytes().decode("utf-8-sig"))
        assert 1 <= len(found) <= 2
        found_sums += len(found) == 2
        values = [cell["value"] for _, cell in found]
        assert [at(answer, path) for path, _ in found] == values
        if None not in values:
            assert sum(values) == row["value"]
    assert found_sums or dataset != "scb.population"


def at(answer: Any, path: str) -> float | None:
    """What stands at a path of an answer, as a number."""
    if path.startswith("data"):
        row, place = (int(number) for number in re.findall(r"\d+", path))
        text = answer["data"][row]["values"][place]
        return float(text) if re.fullmatch(r"-?[0-9.]+", text or "") else None
    number = re.findall(r"\d+", path)[0]
    values = answer["value"]
    return values.get(number) if isinstance(values, dict) else values[int(number)]
