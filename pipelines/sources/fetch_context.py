"""What a live fetch may use. Belongs here: that, and nothing of any publisher.

A publisher's module (`pipelines/sources/<publisher>.py`) has three functions:

`check(dataset) -> None` reads the dataset's `live` as its own types, so that a wrong declaration is told by
`indicators validate` and before anything is fetched.

`fetch(context, dataset) -> Fetch | None` asks the publisher, puts every answer into the archive by way of a `Deposit`,
and says what must have come (`Promise`). None: there is nothing to be had, which is no fault (no file in the inbox, or
nothing changed since the day asked for).

`parse(fetched, archive, target) -> Parsed` writes the archived answers as rows (`sources/tabular.py`,
`write_parts`), and says which columns and sheets of files are not declared, and which sums in them do not agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from indicators.load.catalogue import Catalogue
from pipelines.settings import Settings
from pipelines.sources.fetch_journal import Deposit
from pipelines.sources.http_client import Client
from pipelines.storage.archive import Archive, Fetch


@dataclass(frozen=True)
class Context:
    """What a live fetch may use.

    `now` is UTC without zone. `client` gives the publisher's client. `taken_in` lists the fetches of a dataset that
    passed the gate and are known, oldest first. `new_fields` gathers, by dataset, fields that nobody knows of answers
    that are not archived.
    """

    settings: Settings
    catalogue: Catalogue
    archive: Archive
    now: datetime
    client: Callable[[str], Client]
    taken_in: Callable[[str], list[Fetch]]
    new_fields: dict[str, set[str]] = field(default_factory=dict)

    def tell(self, dataset: str, fields: Iterable[str]) -> None:
        """Remember new fields of an answer that leads to no delivery, such as the look whether a table was updated."""
        if named := set(fields):
            self.new_fields.setdefault(dataset, set()).update(named)

    def url(self, publisher: str, address: str) -> str:
        """A publisher's address, or the same on the server that is asked instead (`--base-url`)."""
        bases = self.settings.base_urls
        base = bases.get(publisher, bases.get("*"))
        if base is None:
            return address
        parts = urlsplit(address)
        return f"{base.rstrip('/')}/{parts.netloc}{parts.path}" + (f"?{parts.query}" if parts.query else "")

    def deposit(self, dataset: str, plan: str) -> Deposit:
        """The journal of a fetch of this dataset."""
        hours = timedelta(hours=self.settings.resume_hours)
        return Deposit(self.archive, dataset, plan, self.now, hours)

    def inbox(self, dataset: str) -> list[Path]:
        """The files that a person has put into the dataset's inbox, by name."""
        folder = self.settings.inbox_dir / dataset
        return sorted(p for p in folder.glob("*") if p.is_file() and not p.name.startswith((".", "~")))
