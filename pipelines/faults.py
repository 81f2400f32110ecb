"""Converts anything that goes wrong with one dataset into an error that holds back that dataset alone.

Belongs here: telling a publisher's fault, a declaration's fault, a bug and a disk fault apart. Does not belong here:
how callers react (`assets`, `quality/stage.py`).
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from indicators.errors import DeclarationError
from pipelines.errors import DISK_ERRORS, NyckeltalError, ProgramFaultError, SourceError, disk_error_in


@contextmanager
def holding_back(dataset: str) -> Iterator[None]:
    """Convert an exception about one dataset into a SourceError.

    A full or unwritable disk, a lock and wrong usage concern every dataset, and pass through unchanged.

    Raises:
        SourceError: the delivery, or the dataset's declaration, is at fault. ProgramFaultError: a bug.
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
    """An error and its causes, the newest first."""
    chain: list[BaseException] = []
    seen: BaseException | None = error
    while seen is not None and seen not in chain:
        chain.append(seen)
        seen = seen.__cause__ or seen.__context__
    return chain


def trace_of(error: BaseException) -> str:
    """The traceback of a bug; empty when the error is no bug."""
    return next((one.trace for one in chain_of(error) if isinstance(one, ProgramFaultError)), "")


def _is_of_the_disk(error: BaseException) -> bool:
    return (isinstance(error, OSError) and error.errno in DISK_ERRORS) or disk_error_in(str(error)) is not None
