"""Whatever goes wrong while one dataset is fetched, read or judged, as an error that holds back that dataset alone.

Belongs here: telling a publisher's fault, a declaration's fault, a fault of the program and a fault of the disk apart.
Does not belong here: what is done about it (`run.py`, `staging.py`).
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from indicators.errors import DeclarationError
from pipelines.errors import DISK_ERRORS, NyckeltalError, ProgramFaultError, SourceError, disk_error_in


@contextmanager
def holding_back(dataset: str) -> Iterator[None]:
    """Turn what goes wrong with one dataset into a SourceError of its own.

    A disk that is full or cannot be written to is nobody's delivery: it, a lock and a wrong use go on as they are.

    Raises:
        SourceError: the delivery, or the dataset's declaration, is at fault. ProgramFaultError: the program is.
    """
    try:
        yield
    except DeclarationError as error:
        raise SourceError(
            "the declaration of the dataset is wrong",
            where=f"{error.file}: {error.key}",
            expected=error.expected,
            found=repr(error.found),
            remedy="mend the declaration; `nyckeltal indicators validate` reads every one of them",
        ) from error
    except NyckeltalError:
        raise
    except Exception as error:
        if any(_is_of_the_disk(one) for one in chain_of(error)):
            raise
        trace = "".join(traceback.format_exception(error))
        raise ProgramFaultError(dataset, error, trace) from error


def chain_of(error: BaseException) -> list[BaseException]:
    """An error and all that led to it, the newest first."""
    chain: list[BaseException] = []
    seen: BaseException | None = error
    while seen is not None and seen not in chain:
        chain.append(seen)
        seen = seen.__cause__ or seen.__context__
    return chain


def trace_of(error: BaseException) -> str:
    """The traceback of a fault of the program; nothing when the error tells of none."""
    return next((one.trace for one in chain_of(error) if isinstance(one, ProgramFaultError)), "")


def _is_of_the_disk(error: BaseException) -> bool:
    return (isinstance(error, OSError) and error.errno in DISK_ERRORS) or disk_error_in(str(error)) is not None
