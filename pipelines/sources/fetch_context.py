"""The services that a live fetch may use. Belongs here: those, and nothing about any publisher.

A publisher's package (`pipelines/sources/<publisher>/`) has three functions:

`check(dataset) -> None` validates the dataset's `live` declaration against the publisher's types, so that a mistake is
reported by `indicators validate` and before anything is fetched.

`fetch(context, dataset) -> Fetch | None` requests the data, archives every response through a fetch journal, and
declares what must be included (`Promise`). None means that there is nothing to fetch, which is no error (no file in
the inbox, or nothing changed).

`parse(fetched, archive, target) -> Parsed` writes the archived responses as rows (`sources/tabular.py`,
`write_parts`), and reports undeclared columns and sheets, and sums in the files that do not agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from indicators.load.catalogue import Catalogue
from pipelines.settings import Settings
from pipelines.sources.fetch_journal import FetchJournal
from pipelines.sources.http_client import Client
from pipelines.storage.archive import Archive, Fetch
from pipelines.storage.files import entries


@dataclass(frozen=True)
class Context:
    """The services that a live fetch may use.

    `now` is UTC without zone. `client` returns the publisher's HTTP client. `taken_in` lists the fetches of a dataset
    that passed the gate and were taken in, oldest first. `new_fields` collects, by dataset, unknown fields of
    responses that are not archived.
    """

    settings: Settings
    catalogue: Catalogue
    archive: Archive
    now: datetime
    client: Callable[[str], Client]
    taken_in: Callable[[str], list[Fetch]]
    new_fields: dict[str, set[str]] = field(default_factory=dict)

    def tell(self, dataset: str, fields: Iterable[str]) -> None:
        """Record unknown fields of a response that is not archived, such as the check whether a table was updated."""
        if named := set(fields):
            self.new_fields.setdefault(dataset, set()).update(named)

    def url(self, publisher: str, address: str) -> str:
        """A publisher's address, or the same path on a replacement server (`--base-url`)."""
        bases = self.settings.base_urls
        base = bases.get(publisher, bases.get("*"))
        if base is None:
            return address
        parts = urlsplit(address)
        return f"{base.rstrip('/')}/{parts.netloc}{parts.path}" + (f"?{parts.query}" if parts.query else "")

    def journal(self, dataset: str, plan: str) -> FetchJournal:
        """The fetch journal of this dataset."""
        hours = timedelta(hours=self.settings.resume_hours)
        return FetchJournal(self.archive, dataset, plan, self.now, hours)

    def inbox(self, dataset: str) -> list[Path]:
        """The files in the dataset's inbox, by name."""
        folder = self.settings.inbox_dir / dataset
        return [path for path in entries(folder) if path.is_file() and not path.name.startswith((".", "~"))]
