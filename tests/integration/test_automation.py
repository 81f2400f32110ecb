"""What starts runs by itself, and what is written down of runs that the command did not start."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from pipelines.assets.keys import raw_key, staged_key, vintages_key
from pipelines.assets.run_log import BY_COMMAND
from pipelines.definitions import build_definitions
from pipelines.settings import Settings
from pipelines.sources.fetch_journal import FetchJournal
from pipelines.steps.workspace import utc_now
from pipelines.storage.archive import Archive, Promise
from tests.support.command import Place

DATASET = "skr.personal"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A data folder in which nothing is known yet, for the code location that is asked."""
    return Place(tmp_path_factory.mktemp("automation") / "data")


@pytest.fixture(scope="module")
def definitions(home: Place) -> dg.Definitions:
    return build_definitions(Settings(data_dir=home.data_dir))


def ticks(definitions: dg.Definitions) -> list[dg.RunRequest]:
    """What the sensor of the inbox asks for now."""
    sensor = definitions.resolve_sensor_def("inbox")
    with dg.DagsterInstance.ephemeral() as instance, dg.build_sensor_context(instance) as context:
        return list(sensor.evaluate_tick(context).run_requests or [])


def test_a_file_in_the_inbox_starts_its_dataset_up_to_the_release_and_an_archived_one_does_not(
    home: Place, definitions: dg.Definitions
) -> None:
    assert ticks(definitions) == []
    inbox = home.settings.inbox_dir / DATASET
    inbox.mkdir(parents=True)
    (inbox / "~$open.xlsx").write_bytes(b"what a spreadsheet program leaves while a file is open")
    (inbox / ".hidden").write_bytes(b"what a file manager leaves")
    assert ticks(definitions) == []

    (inbox / "personal.xlsx").write_bytes(b"TEST FIGURES")
    (request,) = ticks(definitions)
    assert request.asset_selection is not None
    chosen = set(request.asset_selection)
    assert {raw_key(DATASET), staged_key(DATASET), vintages_key(DATASET), dg.AssetKey("release")} <= chosen
    assert raw_key("kolada.values") not in chosen
    (again,) = ticks(definitions)
    assert again.run_key == request.run_key, "Dagster would start the same run twice"

    (inbox / "personal.xlsx").write_bytes(b"OTHER TEST FIGURES")
    (other,) = ticks(definitions)
    assert other.run_key != request.run_key

    journal = FetchJournal(Archive(home.settings.archive_dir), DATASET, "inbox", utc_now(), timedelta(days=1))
    journal.add("personal.xlsx", "inbox:personal.xlsx", b"OTHER TEST FIGURES")
    journal.finish(["personal.xlsx"], Promise(rows=0, complete=False))
    assert ticks(definitions) == []


@pytest.mark.parametrize("by_command", [False, True])
def test_a_run_that_failed_is_a_line_in_the_log_unless_the_command_writes_its_own(
    home: Place, definitions: dg.Definitions, by_command: bool
) -> None:
    log: Path = home.settings.run_log
    log.unlink(missing_ok=True)
    sensor = definitions.resolve_sensor_def("log_failure")
    assert isinstance(sensor, dg.RunStatusSensorDefinition)
    with dg.DagsterInstance.ephemeral() as instance:
        job = definitions.resolve_job_def("rebuild")
        failed = job.execute_in_process(
            instance=instance, raise_on_error=False, tags={BY_COMMAND: "yes"} if by_command else {}
        )
        assert not failed.success
        event = failed.get_run_failure_event()
        context = dg.build_run_status_sensor_context("log_failure", event, instance, failed.dagster_run)
        sensor(context)

    if by_command:
        assert not log.exists()
    else:
        (line,) = home.log()
        assert line["outcome"] == "failed"
        assert "kolada" in line["error"]
