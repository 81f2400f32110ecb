"""Files that no interface gives: a person puts them into the dataset's inbox, and they are fetched from there.

Belongs here: taking such files into the archive, and finding their names again. Does not belong here: reading them.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.archive import Archive, Fetch, Promise
from pipelines.sources.context import Context

_SCHEME = "inbox:"


def fetch_files(context: Context, dataset: str) -> Fetch | None:
    """Archive every file of the dataset's inbox; None when it is empty.

    The promise is for a part: a file of one year says nothing of the others, so nothing is withdrawn.
    """
    files = context.inbox(dataset)
    if not files:
        return None
    deposit = context.deposit(dataset, "inbox")
    for path in files:
        deposit.add(path.name, f"{_SCHEME}{path.name}", path.read_bytes())
    return deposit.finish([path.name for path in files], Promise(rows=0, complete=False))


def named_files(fetched: Fetch, archive: Archive) -> Iterator[tuple[str, str, bytes]]:
    """Name, hash and bytes of each archived file."""
    for record in fetched.files:
        yield record.url.removeprefix(_SCHEME), record.sha256, archive.read_path(record.sha256).read_bytes()
