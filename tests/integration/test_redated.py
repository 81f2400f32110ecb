"""After a clock that was ahead was set right, the next release tells what has changed and is the newest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.steps.workspace import utc_now
from pipelines.storage import release_pointer
from tests.support.command import Place, Preloaded
from tests.support.small_snapshot import GOTEBORG, VALUES, SmallSnapshot

pytestmark = pytest.mark.slow

COST = "kostnad_aldreomsorg_per_inv_80"
OURS = f"indicator_id = '{COST}' and area_id = '{GOTEBORG}' and year = 2022 and sex = 'T'"


def test_the_release_after_redating_names_what_changed_and_is_current_and_newest(
    run_cli: Preloaded, place: Place, snapshot: SmallSnapshot, tmp_path: Path
) -> None:
    where, first = ("--data-dir", place.data_dir), place.current()
    refresh = ("refresh", *where, "--snapshot-dir", snapshot.folder)
    snapshot.set_value("N20048", GOTEBORG, 2022, 291000.0)
    assert run_cli(*refresh, ahead_days=3650).code == 0
    ahead = place.current()
    assert ahead[:4] > f"{utc_now():%Y}"
    snapshot.set_value("N20048", GOTEBORG, 2022, 292000.0)
    refused = run_cli(*refresh)
    assert (refused.code, f"vintages redate {VALUES}" in refused.text) == (4, True), refused.text

    to = f"{utc_now():%Y-%m-%dT%H:%M:%S}"
    redated = run_cli("vintages", "redate", VALUES, "--to", to, "--reason", "A. Person: clock was ahead", *where)
    assert redated.code == 0, redated.text
    done = run_cli(*refresh)
    assert done.code == 0, done.text

    second = place.current()
    revised = place.sql(f"select old_value, new_value, change from revision where {OURS}")
    assert revised.rows() == [(291000.0, 292000.0, "revised")]
    listed = json.loads(run_cli("releases", "list", "--json", *where).out)
    assert [release["release_id"] for release in listed] == [second, ahead, first]
    shown = [line for line in run_cli("releases", "list", *where).out.splitlines() if "Z-" in line]
    assert [second in line and "*" in line for line in shown] == [True, False, False]
    differing = json.loads(run_cli("diff", "--json", *where).out)
    ours = [row for row in differing if (row["indicator_id"], row["area_id"], row["year"]) == (COST, GOTEBORG, 2022)]
    assert [(row["old_value"], row["new_value"]) for row in ours] == [(291000.0, 292000.0)]
    assert run_cli("releases", "prune", "--keep", "1", *where).code == 0
    assert [r.release_id for r in release_pointer.releases(place.settings.releases_dir)] == [second]
    assert place.current() == second
    assert run_cli("verify", *where).code == 0
