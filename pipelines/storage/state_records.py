"""Records of what lasts, as typed objects, with the version of their format.

Belongs here: reading any kind of record, refusing one of a newer format, and the one place where a record of an older
format becomes one of the newest. Does not belong here: seals (`sealing.py`), or what a record says (each module that
keeps a kind of record).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from pipelines.errors import NyckeltalError
from pipelines.storage.sealing import damaged, read_sealed


class StateRecord(BaseModel):
    """A record of state. `format` counts the versions of its kind; records from before that was written are 1.

    A kind whose form changes so that older code would misread it declares the next number as its default, and gets a
    step in `MIGRATIONS`.
    """

    model_config = ConfigDict(frozen=True)

    format: int = 1


Content = dict[str, Any]
# From a kind of record and the format that it has, to the function that makes the next format of its content.
MIGRATIONS: dict[tuple[str, int], Callable[[Content], Content]] = {}

R = TypeVar("R", bound=StateRecord)


class NewerFormatError(NyckeltalError):
    """A record was written by a newer version of this program, which alone knows what it says."""


def read_record(path: Path, kind: type[R], called: str) -> R:
    """A sealed record, as it was written or brought to the newest format.

    Args:
        called: what it is, for the error, such as "a verdict".

    Raises:
        DamagedError: it is gone, or is not what was written. NewerFormatError: this version does not know its format.
    """
    content, newest = dict(read_sealed(path)), int(kind.model_fields["format"].default)
    found = content.get("format", 1)
    if not isinstance(found, int) or found < 1:
        raise damaged("a record is not what was written", path, f"{called} with a number as its format", repr(found))
    if found > newest:
        raise NewerFormatError(
            f"{called} has a format that this version does not know",
            where=str(path),
            expected=f"format {newest} or an earlier one",
            found=f"format {found}",
            remedy="use the newer nyckeltal that wrote it; nothing was changed",
        )
    for step in range(found, newest):
        content = MIGRATIONS[kind.__name__, step](content) | {"format": step + 1}
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise damaged("a record is not what was written", path, called, str(error)[:300]) from error
