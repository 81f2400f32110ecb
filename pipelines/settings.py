"""Every path, limit and switch, typed. Belongs here: settings only; each can be set by an environment variable."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Settings of a run. Environment variables are the names in capitals after `NYCKELTAL_`."""

    model_config = SettingsConfigDict(env_prefix="NYCKELTAL_", frozen=True, extra="forbid")

    data_dir: Path = ROOT / "data"
    snapshot_dir: Path = ROOT / "data" / "snapshot"
    declarations_dir: Path = ROOT / "indicators"
    dbt_project_dir: Path = ROOT / "dbt_project"
    source: Literal["snapshot"] = "snapshot"
    memory_limit_mb: int = Field(default=1000, ge=200, description="DuckDB's memory, MiB")
    gate_batch_rows: int = Field(default=1_000_000, ge=1_000, description="rows handed to Great Expectations at once")
    chunk_rows: int = Field(default=2_000_000, ge=1_000, description="rows of a large table that are written at once")
    threads: int = Field(default=2, ge=1)
    keep_releases: int = Field(default=10, ge=1)
    max_fresh_hours: int = Field(default=26, ge=1, description="a release older than this is told as late")

    @property
    def archive_dir(self) -> Path:
        """Raw bytes, as given."""
        return self.data_dir / "archive"

    @property
    def vintages_dir(self) -> Path:
        """What we knew, and when."""
        return self.data_dir / "vintages"

    @property
    def build_dir(self) -> Path:
        """Work of the run under way; can be thrown away at any time."""
        return self.data_dir / "build"

    @property
    def releases_dir(self) -> Path:
        """Immutable releases and the pointer `current`."""
        return self.data_dir / "releases"

    @property
    def dagster_home(self) -> Path:
        """Dagster's own records of runs."""
        return self.data_dir / "dagster"

    @property
    def run_log(self) -> Path:
        """One JSON line for each run."""
        return self.data_dir / "logs" / "runs.jsonl"

    @property
    def staged_dir(self) -> Path:
        """Parsed deliveries of the run under way."""
        return self.build_dir / "staged"
