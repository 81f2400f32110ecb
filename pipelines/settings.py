"""Every path, limit and switch, typed. Belongs here: settings only; each can be set by an environment variable."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Literal, get_origin

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

_PACKAGE = Path(__file__).resolve().parent
ROOT = _PACKAGE.parent
# An installed copy has no checkout around it: setup.py has put the dbt project and the embedded figures in it.
IS_CHECKOUT = (ROOT / "dbt_project").is_dir()
_BUNDLED = _PACKAGE / "bundled"
CACHE = "cache"  # below the data folder

# The vocabulary that DCAT-AP-SE 3.0.1 takes the type of a publisher from (http://purl.org/adms/publishertype/).
PublisherType = Literal[
    "Academia-ScientificOrganisation",
    "Company",
    "IndustryConsortium",
    "LocalAuthority",
    "NationalAuthority",
    "NonGovernmentalOrganisation",
    "NonProfitOrganisation",
    "PrivateIndividual(s)",
    "RegionalAuthority",
    "StandardisationBody",
    "SupraNationalAuthority",
]


class Settings(BaseModel):
    """Settings of a run. Environment variables are the names in capitals after `NYCKELTAL_`; lists are written as JSON.

    The environment is read here, and not by pydantic-settings, which takes every command a tenth of a second to load.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path = Field(
        default_factory=lambda: ROOT / "data" if IS_CHECKOUT else Path.cwd() / "data",
        description="where everything is kept; of an installed copy, below the folder that the command is run in",
    )
    snapshot_dir: Path = ROOT / "data" / "snapshot" if IS_CHECKOUT else _BUNDLED / "snapshot"
    declarations_dir: Path = ROOT / "indicators"
    dbt_project_dir: Path = ROOT / "dbt_project" if IS_CHECKOUT else _BUNDLED / "dbt_project"
    dictionary_dir: Path = ROOT / "docs" / "dictionary"
    source: Literal["snapshot", "live"] = "snapshot"
    base_urls: dict[str, str] = Field(
        default={}, description="another server to ask, by publisher, or for all under *: BASE/host/path"
    )
    kolada_scope: str = Field(
        default="",
        pattern=r"^(|curated|catalogue|all|group:.*\S.*)$",
        description="which KPIs of Kolada are fetched and published beside the curated ones: none of them (curated), "
        "those of a KPI group (group: and its id or title) or all; empty is what was stated last in this data folder",
    )
    full_sweep_days: int = Field(default=7, ge=0, description="days between full sweeps; deltas in between")
    accept_missing: frozenset[str] = Field(
        default=frozenset(), description="datasets whose vanished values are taken as withdrawn, by a person's decision"
    )
    accept_revised: frozenset[str] = Field(
        default=frozenset(), description="datasets whose unbelievable revisions are taken, by a person's decision"
    )
    resume_hours: int = Field(default=24, ge=0, description="how old pages of an interrupted fetch may be")
    requests_per_second: float = Field(default=4, ge=0, description="budget of requests for each publisher; 0 for none")
    parallel_requests: int = Field(default=4, ge=1)
    http_attempts: int = Field(default=6, ge=1)
    http_connect_seconds: float = Field(default=10, gt=0)
    http_read_seconds: float = Field(default=60, gt=0, description="longest silence in an answer")
    http_total_seconds: float = Field(default=600, gt=0, description="longest time of one answer")
    http_wait_seconds: float = Field(default=1, gt=0, description="the first wait before asking again")
    http_max_wait_seconds: float = Field(default=120, gt=0, description="the longest wait before asking again")
    http_max_mb: int = Field(default=200, ge=1)
    http_contact: str = Field(default="", description="who runs this, told to publishers, e.g. an address for mail")
    memory_limit_mb: int = Field(default=1000, ge=200, description="DuckDB's memory, MiB")
    gate_batch_rows: int = Field(default=1_000_000, ge=1_000, description="rows handed to Great Expectations at once")
    chunk_rows: int = Field(default=500_000, ge=1_000, description="rows of a large table that are written at once")
    threads: int = Field(default=2, ge=1)
    release_parts: frozenset[Literal["package", "site"]] = Field(
        default=frozenset({"package", "site"}), description="what a release holds beside its tables"
    )
    public_url: str = Field(
        default="",
        pattern=r"^(https?://\S+)?$",
        description="where the folder of releases is served on the web; without it, catalogue records name files "
        "relative to themselves",
    )
    publisher_name: str = Field(default="", description="who runs this and answers for what is published")
    publisher_type: PublisherType = Field(
        default="PrivateIndividual(s)", description="what kind of publisher; the default claims no authority"
    )
    publisher_email: str = Field(
        default="",
        pattern=r"^([^@\s]+@[^@\s]+)?$",
        description="where readers may write, told in the catalogue records",
    )
    postgres_dsn: SecretStr = Field(
        default=SecretStr(""), description="the database that `nyckeltal publish postgres` writes to"
    )
    lock_wait_seconds: float = Field(
        default=300, ge=0, description="how long a run waits for another one on the same data folder"
    )
    max_clock_leap_days: int = Field(
        default=400, ge=1, description="how long after what was taken in last the clock is believed without a word"
    )
    executor: Literal["in_process", "multiprocess"] = Field(
        default="in_process", description="whether Dagster runs the steps of a run in one process, or each in its own"
    )
    keep_releases: int = Field(default=10, ge=1)
    max_fresh_hours: int = Field(default=26, ge=1, description="a release older than this is told as late")

    @model_validator(mode="before")
    @classmethod
    def _with_environment(cls, given: dict[str, Any]) -> dict[str, Any]:
        """What is given, and the environment for the rest."""
        told = {name: os.environ.get(f"NYCKELTAL_{name.upper()}") for name in cls.model_fields}
        kinds = {name: field.annotation for name, field in cls.model_fields.items()}
        return {name: _value(text, kinds[name]) for name, text in told.items() if text is not None} | given

    @property
    def stated_scope(self) -> str:
        """The scope that is stated, by the name that it has now (`catalogue` was that of `curated`); empty for none."""
        return "curated" if self.kolada_scope == "catalogue" else self.kolada_scope

    @property
    def archive_dir(self) -> Path:
        """Raw bytes, as given."""
        return self.data_dir / "archive"

    @property
    def vintages_dir(self) -> Path:
        """What we knew, and when."""
        return self.data_dir / "vintages"

    @property
    def inbox_dir(self) -> Path:
        """Files that a person has put there, one folder a dataset."""
        return self.data_dir / "inbox"

    @property
    def staged_dir(self) -> Path:
        """Deliveries that were parsed and judged; can be thrown away at any time."""
        return self.data_dir / "staged"

    @property
    def builds_dir(self) -> Path:
        """Warehouses under way; can be thrown away at any time."""
        return self.data_dir / "builds"

    @property
    def cache_dir(self) -> Path:
        """What only saves time, such as dbt's parsed project; can be thrown away at any time."""
        return self.data_dir / CACHE

    @property
    def releases_dir(self) -> Path:
        """Immutable releases and the pointer `current`."""
        return self.data_dir / "releases"

    @property
    def damaged_dir(self) -> Path:
        """What was damaged or replaced, as evidence."""
        return self.data_dir / "damaged"

    @property
    def dagster_home(self) -> Path:
        """Dagster's own records of runs."""
        return self.data_dir / "dagster"

    @property
    def run_log(self) -> Path:
        """One JSON line for each run."""
        return self.data_dir / "logs" / "runs.jsonl"


def _value(text: str, kind: Any) -> Any:
    """The value that a variable states. A text that is no JSON, where JSON is expected, is refused with all others."""
    if get_origin(kind) not in {dict, frozenset}:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
