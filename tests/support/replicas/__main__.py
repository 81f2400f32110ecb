"""All replicas on one port, to try live refreshes without a network: `python -m tests.support.replicas [--port N]`.

Belongs here: starting, telling the address, and ending by Ctrl-C or SIGTERM. Does not belong here: any replica.
"""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
from types import ModuleType

from tests.support.replicas.server import Replica, ReplicaServer

PUBLISHERS = ("kolada", "scb", "socialstyrelsen")


def replica_of(publisher: str) -> Replica:
    """The replica of a publisher, filled from the embedded figures where it can be."""
    kind = _kind(importlib.import_module(f"tests.support.replicas.{publisher}"))
    made: Replica = getattr(kind, "from_snapshot", kind)()
    return made


def _kind(module: ModuleType) -> type:
    """The class of a module that answers for hosts."""
    (found,) = (
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and kind.__module__ == module.__name__ and hasattr(kind, "hosts")
    )
    return found


def main() -> None:
    """Serve until told to end."""
    parser = argparse.ArgumentParser(prog="nyckeltal replica", description=__doc__)
    parser.add_argument("--port", type=int, default=8765)
    port = parser.parse_args().port
    replicas = [replica_of(publisher) for publisher in PUBLISHERS]
    try:
        server = ReplicaServer(*replicas, port=port)
    except OSError as error:
        sys.exit(f"port {port} on 127.0.0.1 cannot be used ({error.strerror}); choose another with --port")
    signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # inherited by the server's threads
    with server:
        hosts = ", ".join(host for replica in replicas for host in replica.hosts)
        lines = (
            f"Replicas of {hosts}: {server.base_url}",
            f"Try: nyckeltal refresh --source live --base-url {server.base_url} --data-dir $(mktemp -d)",
            "End with Ctrl-C.",
        )
        print("\n".join(lines), flush=True)  # noqa: T201
        signal.sigwait(signals)


if __name__ == "__main__":
    main()
