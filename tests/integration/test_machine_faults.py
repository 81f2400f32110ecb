"""What the machine may do to a run: a second one at the same time, a full disk, a folder that cannot be written to."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.storage.files import remove_leftovers
from tests.support.command import LONGEST, NYCKELTAL, Place, Preloaded, nyckeltal
from tests.support.rights import owned_copy
from tests.support.small_snapshot import GOTEBORG, VALUES, SmallSnapshot

pytestmark = pytest.mark.slow

MIB = 1 << 20


def start_and_wait_until_it_works(place: Place, snapshot: SmallSnapshot) -> subprocess.Popen[str]:
    """A refresh that holds the lock."""
    process = subprocess.Popen(
        [NYCKELTAL, "refresh", "--data-dir", place.data_dir, "--snapshot-dir", snapshot.folder],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    holder = place.data_dir / "lock.holder.json"
    while not (holder.exists() and str(process.pid) in holder.read_text(encoding="utf-8")):
        assert process.poll() is None, "it ended before it held the lock"
    return process


def test_a_second_refresh_stops_at_once_and_names_the_first_and_a_dead_one_s_lock_is_taken_over(
    place: Place, snapshot: SmallSnapshot, base_snapshot: SmallSnapshot
) -> None:
    snapshot.set_value("U23471", GOTEBORG, 2022, 1.0)
    first = start_and_wait_until_it_works(place, snapshot)
    try:
        for command in (("refresh", "--snapshot-dir", snapshot.folder), ("rebuild",), ("releases", "rollback")):
            second = nyckeltal(*command, "--data-dir", place.data_dir)
            assert second.code == 4, second.text
            assert "another refresh is at work" in second.text
            assert f"process {first.pid} on" in second.text
            assert f"nyckeltal refresh --data-dir {place.data_dir}" in second.text
            assert "Traceback" not in second.text
        assert first.poll() is None
        assert place.sql("select count(*) from observation").item() > 0
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
    assert (place.data_dir / "lock.holder.json").exists()

    third = nyckeltal("refresh", "--data-dir", place.data_dir, "--snapshot-dir", base_snapshot.folder)

    assert third.code == 0, third.text
    assert not (place.data_dir / "lock.holder.json").exists()


def the_gate_of(process: subprocess.Popen[str]) -> int:
    """The process that a refresh started for its gate."""
    while process.poll() is None:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="utf-8").split()
        for child in children:
            with contextlib.suppress(OSError):
                if "spawn_main" in Path(f"/proc/{child}/cmdline").read_text(encoding="utf-8"):
                    return int(child)
    raise AssertionError("it ended before it started its gate")


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are looked up in /proc")
def test_a_gate_that_is_killed_ends_the_run_in_words_and_the_last_release_stands(
    place: Place, snapshot: SmallSnapshot
) -> None:
    release, before = place.current(), place.state()
    snapshot.set_value("U23471", GOTEBORG, 2022, 1.0)
    with subprocess.Popen(
        [NYCKELTAL, "refresh", "--data-dir", place.data_dir, "--snapshot-dir", snapshot.folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            os.kill(the_gate_of(process), signal.SIGKILL)
            text, _ = process.communicate(timeout=LONGEST)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 4, text
    assert "its last good state stands" in " ".join(text.split())
    assert place.current() == release
    after = place.state()
    assert {path: after.get(path) for path in before} == before


def refused_in_words(place: Place, done_text: str, *words: str) -> None:
    """The fault is told; the last release answers; nothing is half there."""
    assert any(word in done_text for word in words), done_text
    assert "Traceback" not in done_text
    assert "what to do:" in done_text
    assert place.sql("select count(*) from observation").item() > 0


def recovers(run_cli: Preloaded, place: Place, snapshot: SmallSnapshot) -> None:
    done = run_cli("refresh", "--data-dir", place.data_dir, "--snapshot-dir", snapshot.folder)
    assert done.code == 0, done.text


@pytest.mark.parametrize("limit", [100_000, 3 * MIB])
def test_a_file_that_may_not_grow_is_told_in_words_and_the_last_release_stands(
    limit: int, run_cli: Preloaded, place: Place, snapshot: SmallSnapshot
) -> None:
    release, before = place.current(), place.state()
    snapshot.set_value("U23471", GOTEBORG, 2022, 1.0)

    done = run_cli("refresh", "--data-dir", place.data_dir, "--snapshot-dir", snapshot.folder, file_bytes=limit)

    assert done.code == 4, done.text
    refused_in_words(place, done.text, "a file grew beyond what is allowed", "the disk cannot be written to")
    assert place.current() == release
    after = place.state()
    assert {path: after.get(path) for path in before} == before


@pytest.fixture
def small_disk(base: Place, tmp_path: Path) -> Iterator[Place]:
    """A copy of `base` on a disk of its own that has little room left."""
    disk = tmp_path / "disk"
    disk.mkdir()
    used = sum(p.stat().st_blocks * 512 for p in base.data_dir.rglob("*") if p.is_file() and not p.is_symlink())
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={used + 2 * MIB}", "tmpfs", disk],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(
            f"no disk can be mounted here: {mounted.stderr.strip()} (the same is tried with a limit on file sizes)"
        )
    try:
        yield base.copy(disk / "data")
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_full_disk_is_told_in_words_and_the_last_release_stands(
    run_cli: Preloaded, small_disk: Place, snapshot: SmallSnapshot
) -> None:
    release, before = small_disk.current(), small_disk.state()
    snapshot.set_value("U23471", GOTEBORG, 2022, 1.0)
    shutil.rmtree(small_disk.settings.builds_dir)  # otherwise its room is used again
    ballast = small_disk.data_dir.parent / "ballast"
    with ballast.open("wb") as file:
        file.write(bytes(shutil.disk_usage(ballast.parent).free - MIB))

    done = run_cli("refresh", "--data-dir", small_disk.data_dir, "--snapshot-dir", snapshot.folder)

    assert done.code == 4, done.text
    refused_in_words(small_disk, done.text, "the disk is full")
    assert small_disk.current() == release
    after = small_disk.state()
    assert {path: after.get(path) for path in before} == before
    told = nyckeltal("status", "--data-dir", small_disk.data_dir)
    assert told.code == 0, told.text
    for folder in ("archive", "vintages", "releases"):
        remove_leftovers(small_disk.data_dir / folder)

    subprocess.run(["mount", "-o", "remount,size=500m", ballast.parent], check=True)
    recovers(run_cli, small_disk, snapshot)
    assert small_disk.current() != release


def test_a_read_only_disk_is_told_in_words_and_the_last_release_stands(
    run_cli: Preloaded, small_disk: Place, snapshot: SmallSnapshot
) -> None:
    snapshot.set_value("U23471", GOTEBORG, 2022, 1.0)
    subprocess.run(["mount", "-o", "remount,ro", small_disk.data_dir.parent], check=True)

    done = run_cli("refresh", "--data-dir", small_disk.data_dir, "--snapshot-dir", snapshot.folder)

    assert done.code == 4, done.text
    refused_in_words(small_disk, done.text, "the file system is read-only")
    assert nyckeltal("status", "--data-dir", small_disk.data_dir).code == 0


def test_a_folder_of_somebody_else_is_told_in_words_and_the_last_release_stands(
    run_cli: Preloaded, base: Place, snapshot: SmallSnapshot
) -> None:
    with tempfile.TemporaryDirectory() as home:  # not below pytest's own folder, which only its owner may enter
        Path(home).chmod(0o755)
        place = base.copy(Path(home) / "data")
        (place.data_dir / "lock").unlink()
        place.data_dir.chmod(0o555)

        done = run_cli("refresh", "--data-dir", place.data_dir, "--snapshot-dir", snapshot.folder, unprivileged=True)

        assert done.code == 4, done.text
        refused_in_words(place, done.text, "permission denied")
        place.data_dir.chmod(0o755)


def test_state_that_may_not_be_read_is_no_new_beginning(run_cli: Preloaded, base: Place) -> None:
    with owned_copy(base.data_dir) as copy:
        place, folder = Place(copy), copy / "vintages" / VALUES
        before = place.state()
        folder.chmod(0o000)
        for command, code in (("refresh", 4), ("rebuild", 4), ("status", 4), ("verify", 5), ("repair", 4)):
            done = run_cli(command, "--data-dir", copy, unprivileged=True)
            assert done.code == code, done.text
            assert f"where: {folder}" in done.text, command
            assert "may list the folder (the right r)" in done.text or "may enter the folder (the right x)" in done.text
            assert "Traceback" not in done.text, command
        folder.chmod(0o755)
        assert place.state() == before
        assert place.current() == base.current()
