"""A file or folder is the old or the new, never a half, and a full disk is told in words."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from pipelines.errors import disk_error
from pipelines.storage.files import append_line, copy_atomic, folder_atomic, read_json, remove_leftovers, write_json


def test_json_is_written_the_same_whatever_the_order_of_its_keys(tmp_path: Path) -> None:
    write_json(tmp_path / "a" / "x.json", {"b": "å", "a": 1})
    write_json(tmp_path / "y.json", {"a": 1, "b": "å"})
    assert (tmp_path / "a" / "x.json").read_bytes() == (tmp_path / "y.json").read_bytes()
    assert read_json(tmp_path / "y.json") == {"a": 1, "b": "å"}


def test_a_write_that_fails_leaves_the_old_file_and_no_leftover(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"old": 1})
    with pytest.raises(TypeError):
        write_json(tmp_path / "x.json", {"new": object()})
    assert read_json(tmp_path / "x.json") == {"old": 1}
    with pytest.raises(UnicodeEncodeError):  # fails when some of it may be written
        write_json(tmp_path / "x.json", {"new": "\ud800"})
    with pytest.raises(FileNotFoundError):
        copy_atomic(tmp_path / "nowhere", tmp_path / "x.json")
    assert [p.name for p in tmp_path.iterdir()] == ["x.json"]


def test_who_reads_the_old_file_while_it_is_replaced_reads_it_to_the_end(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", "old")
    with (tmp_path / "x.json").open() as reader:
        write_json(tmp_path / "x.json", "new")
        assert reader.read() == '"old"\n'


def test_a_folder_comes_to_be_whole_or_not_at_all(tmp_path: Path) -> None:
    def fill(*, fail: bool) -> None:
        with folder_atomic(tmp_path / "done") as folder:
            assert not (tmp_path / "done").exists()
            (folder / "inner").mkdir()
            (folder / "inner" / "x").write_text("x")
            if fail:
                raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        fill(fail=True)
    assert list(tmp_path.iterdir()) == []
    fill(fail=False)
    assert [p.name for p in tmp_path.iterdir()] == ["done"]
    assert (tmp_path / "done" / "inner" / "x").read_text() == "x"


def test_leftovers_go_nested_ones_too_and_all_else_stays(tmp_path: Path) -> None:
    for half in (".000002.1.tmp", ".000003.1.tmp"):
        (tmp_path / "d" / half).mkdir(parents=True)
        (tmp_path / "d" / half / ".delivery.json.1.tmp").touch()
    (tmp_path / "d" / ".x.json.1.tmp").touch()
    (tmp_path / "d" / "000001").mkdir()
    (tmp_path / "d" / "000001" / "delivery.json").touch()
    remove_leftovers(tmp_path)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["000001", "d", "delivery.json"]
    remove_leftovers(tmp_path / "nowhere")


def test_lines_are_added_at_the_end(tmp_path: Path) -> None:
    for number in (1, 2):
        append_line(tmp_path / "logs" / "runs.jsonl", {"n": number, "å": "\n"})
    assert (tmp_path / "logs" / "runs.jsonl").read_text(encoding="utf-8").splitlines() == [
        '{"n": 1, "å": "\\n"}',
        '{"n": 2, "å": "\\n"}',
    ]


@pytest.mark.parametrize(
    ("code", "what", "remedy"),
    [
        (errno.ENOSPC, "the disk is full", "free some space"),
        (errno.EROFS, "read-only", "--data-dir"),
        (errno.EIO, "cannot be written to, or not be read", "--data-dir"),
    ],
)
def test_the_operating_system_s_errors_say_what_to_do(code: int, what: str, remedy: str) -> None:
    error = disk_error(OSError(code, "words of the system", "data/x"), Path("data"))
    assert what in error.what
    assert remedy in error.remedy
    assert error.where == "data/x"
