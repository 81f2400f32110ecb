"""The identity of a release: its id, who publishes it, and how it is cited.

Belongs here: what every record and readme states in the same way. Does not belong here: figures.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.release.package.titles import TITLE_SV
from pipelines.settings import Settings
from pipelines.storage.release_pointer import ReleaseInfo

NO_PUBLISHER = "Utgivare inte angiven"


@dataclass(frozen=True)
class Identity:
    """A release, as it is presented to readers. `base` is put before a file's name to make its address."""

    info: ReleaseInfo
    publisher: str
    publisher_type: str
    email: str
    public_url: str

    @classmethod
    def of(cls, info: ReleaseInfo, settings: Settings) -> Identity:
        """The identity of a release that is published with these settings."""
        return cls(
            info,
            settings.publisher_name or NO_PUBLISHER,
            settings.publisher_type,
            settings.publisher_email,
            settings.public_url.rstrip("/"),
        )

    @property
    def base(self) -> str:
        """The address of the release's files: its place on the web or, if unknown, relative to the record that names
        them.

        A relative reference resolves against the address a record is read from, so records are complete on any server,
        and no address is made up.
        """
        return f"{self.public_url}/{self.info.release_id}/" if self.public_url else "./"

    @property
    def date(self) -> str:
        """Day of the release."""
        return f"{self.info.created_at:%Y-%m-%d}"

    def cite(self) -> str:
        """The citation of the release, in Swedish; without a publisher, its title alone."""
        who = "" if self.publisher == NO_PUBLISHER else f"{self.publisher}: "
        where = f" {self.base}" if self.public_url else ""
        return (
            f"{who}{TITLE_SV}. Utgåva {self.info.release_id} ({self.date}). "
            f"Underlagets SHA-256: {self.info.input_hash}.{where}"
        )

    def decides(self) -> list[str]:
        """The parts of this identity that determine a file's content."""
        return [self.info.release_id, self.publisher, self.publisher_type, self.email, self.public_url]


RULES_SV = (
    'Värden som återges oförändrade (processing_level "published") anges med sin källa, till exempel "Källa: Kolada".',
    'Värden som är beräknade här (processing_level "computed") får inte anges med Kolada eller SCB som källa. Ange '
    'utgåvan, och underlaget som texten i kolumnen attribution säger: "Egen beräkning; underlag: …".',
    "Värden för län och grupper är alltid beräknade här, också när kommunernas egna är oförändrade. Kolumnen "
    "attribution säger hur varje värde anges.",
)
