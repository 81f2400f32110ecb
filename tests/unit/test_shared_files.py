"""What is made of the same is not written again, and what is not, is."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.release.shared_files import FILES, ReleaseFiles, fingerprint, recipe_of
from pipelines.storage.files import read_json, sha256_of


def release_files(folder: Path, before: Path | None = None, recipe: str = "r") -> ReleaseFiles:
    folder.mkdir()
    return ReleaseFiles(folder, before, recipe)


def filled(folder: Path, text: str, before: Path | None = None, recipe: str = "r") -> ReleaseFiles:
    made = release_files(folder, before, recipe)
    made.text("a/b.txt", {"text": text}, lambda: text)
    made.close()
    return made


def test_what_did_not_change_is_the_same_file(tmp_path: Path) -> None:
    filled(tmp_path / "1", "x")
    second = filled(tmp_path / "2", "x", tmp_path / "1")

    assert second.written == 0
    assert (tmp_path / "1/a/b.txt").samefile(tmp_path / "2/a/b.txt")
    assert read_json(tmp_path / "1" / FILES) == read_json(tmp_path / "2" / FILES)


@pytest.mark.parametrize(("text", "recipe"), [("y", "r"), ("x", "another")])
def test_other_figures_or_another_recipe_are_written_and_the_old_file_stands(
    tmp_path: Path, text: str, recipe: str
) -> None:
    filled(tmp_path / "1", "x")
    second = filled(tmp_path / "2", text, tmp_path / "1", recipe)

    assert second.written == 1
    assert (tmp_path / "2/a/b.txt").read_text(encoding="utf-8") == text
    assert (tmp_path / "1/a/b.txt").read_text(encoding="utf-8") == "x"


def test_the_list_tells_each_file_by_its_hash(tmp_path: Path) -> None:
    made = filled(tmp_path / "1", "x")

    (path,) = made.files()
    listed = read_json(tmp_path / "1" / FILES)["a/b.txt"]
    assert (listed["bytes"], listed["sha256"]) == (1, sha256_of(path))


def test_one_name_is_one_file(tmp_path: Path) -> None:
    made = filled(tmp_path / "1", "x")
    with pytest.raises(ValueError, match="written twice"):
        made.text("a/b.txt", {}, str)


def test_a_file_that_is_gone_from_the_release_before_is_written(tmp_path: Path) -> None:
    filled(tmp_path / "1", "x")
    (tmp_path / "1/a/b.txt").unlink()
    assert filled(tmp_path / "2", "x", tmp_path / "1").written == 1


def test_a_recipe_follows_code_and_versions(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("1", encoding="utf-8")
    first = recipe_of([tmp_path], "lib 1")
    assert recipe_of([tmp_path], "lib 1") == first
    assert recipe_of([tmp_path], "lib 2") != first
    (tmp_path / "code.py").write_text("2", encoding="utf-8")
    assert recipe_of([tmp_path], "lib 1") != first


def test_a_fingerprint_does_not_depend_on_the_order_of_keys() -> None:
    assert fingerprint({"a": 1, "b": [None, 0.5]}) == fingerprint({"b": [None, 0.5], "a": 1})
