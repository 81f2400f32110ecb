"""One writer at a time: the second is told who holds the lock, and a dead holder holds nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipelines.errors import ExitCode, LockHeldError, NyckeltalError
from pipelines.settings import ROOT
from pipelines.storage.lock import exclusive

HOLDER = [sys.executable, "-m", "tests.support.hold_lock"]


@contextmanager
def holding(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the folder's lock until the block ends."""
    with subprocess.Popen(
        [*HOLDER, str(folder), "--wanted"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_process_is_refused_and_told_who_holds_the_lock(tmp_path: Path) -> None:
    with holding(tmp_path) as holder:
        began = time.perf_counter()
        with pytest.raises(LockHeldError) as caught, exclusive(tmp_path):
            pytest.fail("two processes hold the lock")
        assert time.perf_counter() - began < 2, "refused at once, not after a while"
        assert f"process {holder.pid} on " in caught.value.found
        assert f"hold_lock.py {tmp_path} --wanted" in caught.value.found
        assert caught.value.where == str(tmp_path)
        assert caught.value.exit_code == ExitCode.NOTHING_RELEASED


def test_another_program_is_refused_while_this_one_holds_the_lock(tmp_path: Path) -> None:
    with exclusive(tmp_path):
        second = subprocess.run(
            [*HOLDER, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
        )
    assert second.returncode == ExitCode.NOTHING_RELEASED
    assert "another refresh is at work" in second.stdout


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path: Path) -> None:
    with holding(tmp_path) as holder:
        holder.kill()
        holder.wait()
        with exclusive(tmp_path):
            second = subprocess.run(
                [*HOLDER, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
            )
    assert f"process {holder.pid} " not in second.stdout
    assert "another refresh is at work" in second.stdout


def test_a_refused_process_leaves_the_holder_s_name(tmp_path: Path) -> None:
    with holding(tmp_path) as holder:
        for _ in range(2):
            with pytest.raises(LockHeldError, match=f"process {holder.pid} "), exclusive(tmp_path):
                pass


def test_the_same_process_may_enter_again_and_the_lock_is_held_until_it_leaves_the_outermost(
    tmp_path: Path,
) -> None:
    with exclusive(tmp_path):
        with exclusive(tmp_path):
            pass
        second = subprocess.run(
            [*HOLDER, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
        )
        assert second.returncode == ExitCode.NOTHING_RELEASED
        assert f"process {os.getpid()} " in second.stdout
    with holding(tmp_path):
        pass


def test_the_lock_is_given_back_when_the_work_fails(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), exclusive(tmp_path):
        raise ZeroDivisionError
    with holding(tmp_path):
        pass


def test_a_folder_that_cannot_be_written_to_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NyckeltalError), exclusive(tmp_path / "file" / "data"):
        pass
