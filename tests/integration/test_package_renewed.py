"""After a change in one theme, only that theme's files are written again, and CHANGES says what changed."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest

from pipelines.release.package import write
from pipelines.storage import release_pointer
from pipelines.storage.files import read_json
from pipelines.storage.release_pointer import DATABASE, DESCRIPTION
from pipelines.storage.release_sums import write_sums
from tests.support.command import Place, Preloaded
from tests.support.small_snapshot import GOTEBORG, SmallSnapshot

pytestmark = pytest.mark.slow

PARTS = {"NYCKELTAL_RELEASE_PARTS": '["package"]'}
FALLS = "N20402"  # falls at 80+ per 100 000 inhabitants, in the theme halsoframjande; nothing else is computed from it
# These tell of the release by its id.
OF_THE_RELEASE = {
    "CHANGES.md", "README.md", "datapackage.json", "dataset.jsonld", "dcat.jsonld", "dcat.ttl", "nyckeltal.xlsx",
}  # fmt: skip


@pytest.fixture(scope="module")
def renewed(
    base: Place, base_snapshot: SmallSnapshot, run_cli: Preloaded, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """Two releases with their packages: before and after Göteborg's 5 105.3 of 2022 became 4 000."""
    home = tmp_path_factory.mktemp("renewed")
    place, snapshot = base.copy(home / "data"), base_snapshot.copy(home / "snapshot")
    first = release_pointer.current_folder(place.settings.releases_dir)
    write(first, None)
    write_sums(first, {})
    assert snapshot.set_value(FALLS, GOTEBORG, 2022, 4000.0) == 5105.3
    done = run_cli("refresh", "--data-dir", place.data_dir, "--snapshot-dir", snapshot.folder, env=PARTS)
    assert done.code == 0, done.text
    return first, release_pointer.current_folder(place.settings.releases_dir)


def test_what_did_not_change_is_the_same_file(renewed: tuple[Path, Path]) -> None:
    first, second = renewed
    assert sorted(read_json(first / "files.json")) == sorted(read_json(second / "files.json"))
    written = {name for name in read_json(second / "files.json") if not (first / name).samefile(second / name)}
    assert written - OF_THE_RELEASE == {
        "csv/plain/halsoframjande.csv.gz", "csv/excel/halsoframjande.zip", "json-stat/fallskador_80.json",
        "indikatorer.csv",  # what is to be published next depends on the day that is known until
    }  # fmt: skip
    assert written >= OF_THE_RELEASE


def test_equal_tables_give_an_equal_package_byte_for_byte(renewed: tuple[Path, Path], tmp_path: Path) -> None:
    _, second = renewed
    for folder in (tmp_path / "1", tmp_path / "2"):
        shutil.copytree(second / "parquet", folder / "parquet")
        for name in (DATABASE, DESCRIPTION):
            shutil.copy(second / name, folder / name)
        write(folder, None)
    first, again = (read_json(tmp_path / n / "files.json") for n in ("1", "2"))
    assert first == again
    assert len(first) > 100


def test_changes_tell_the_revision_in_plain_words(renewed: tuple[Path, Path]) -> None:
    first, second = renewed
    text = (second / "CHANGES.md").read_text(encoding="utf-8")
    # Göteborg itself, and the two groups that it belongs to whose members all have values here: GR and Storstäder.
    assert (
        f"3 värden skiljer sig från utgåvan före, {first.name}: 3 ändrade, 0 med annan status, 0 nya, "
        "0 borttagna, 0 återkomna." in text
    )
    row = (
        "| Fallskador bland personer 80 år och äldre, per 100 000 invånare (`fallskador_80`) | 3 | 0 | 0 | 0 | 0 "
        "| Göteborg 2022, totalt: 5 105 → 4 000 |"
    )
    assert row in text
    assert "Inga nyckeltal är nya, borttagna eller omdefinierade." in text


def test_the_first_release_says_that_it_is_the_first(renewed: tuple[Path, Path]) -> None:
    text = (renewed[0] / "CHANGES.md").read_text(encoding="utf-8")
    assert "Detta är den första utgåvan" in text


def test_the_changed_value_is_in_every_form(renewed: tuple[Path, Path]) -> None:
    _, second = renewed
    (line,) = [
        line
        for line in gzip.decompress((second / "csv/plain/halsoframjande.csv.gz").read_bytes()).decode().splitlines()
        if line.startswith("fallskador_80,") and ",SE_1480," in line and ",2022,total," in line
    ]
    assert ",4000.0," in line
    cube = read_json(second / "json-stat/fallskador_80.json")
    assert 4000.0 in cube["value"]
    assert 5105.3 not in cube["value"]
