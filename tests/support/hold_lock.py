"""Takes the lock of a data folder, says so, and holds it until its standard input ends (run as a program)."""

from __future__ import annotations

import sys
from pathlib import Path

from pipelines.errors import LockHeldError
from pipelines.storage.lock import exclusive


def main() -> int:
    try:
        with exclusive(Path(sys.argv[1])):
            print("held", flush=True)  # noqa: T201 - the handshake
            sys.stdin.read()
    except LockHeldError as error:
        print(error, flush=True)  # noqa: T201 - what the test reads
        return int(error.exit_code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
