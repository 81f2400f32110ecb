"""Dagster's event log in SQLite, with its database kept open for as long as a run of the command lasts.

Belongs here: how connections are made. What is written, and where, is Dagster's: its pages read the same files.
Dagster's own storage opens the file and prepares each statement anew for every event, which was half of what this
process did in a small run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import StaticPool

_WAIT = 60  # seconds for another process that is writing


class KeptOpenEventLog(SqliteEventLogStorage):
    """The same log as Dagster's own, by one connection for each of its files."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, Engine] = {}
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> KeptOpenEventLog:
        """As `command.yaml` names it."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            if shard not in self._engines:
                engine = create_engine(
                    self.conn_string_for_shard(shard),
                    poolclass=StaticPool,
                    connect_args={"timeout": _WAIT, "check_same_thread": False},  # the lock lets one thread in
                )
                event.listen(engine, "connect", _wait_for_no_disk)
                self._initdb(engine)
                self._initialized_dbs.add(shard)
                self._engines[shard] = engine
            with self._engines[shard].begin() as connection:
                yield connection

    def dispose(self) -> None:
        """Close the files."""
        super().dispose()
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()


def _wait_for_no_disk(connection: Any, _: Any) -> None:
    """With Dagster's write-ahead log a power cut may then cost the last events, never the log; it holds no state."""
    connection.execute("pragma synchronous = normal")
