"""From a YAML file to typed rows, with the clear error when it is none.

Belongs here: reading YAML, and checking one mapping or one list against its model. Does not belong here: which files
there are, and references between them (`load.py`).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from indicators.errors import DeclarationError

Model = TypeVar("Model", bound=BaseModel)


class _UniqueKeyLoader(yaml.CSafeLoader):
    """YAML lets a key stand twice and keeps the last; here that is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(k, deep=True) for k, _ in node.value]
        twice = sorted({str(k) for k in keys if keys.count(k) > 1})
        if twice:
            raise yaml.YAMLError(f"the key {twice[0]!r} stands twice (line {node.start_mark.line + 1})")
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Any:
    """Parse one YAML file.

    Raises:
        DeclarationError: unreadable, not UTF-8, not YAML, or a key that stands twice.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)  # noqa: S506 - a SafeLoader
    except UnicodeDecodeError as error:
        raise DeclarationError(
            path, f"byte {error.start}", "UTF-8 text", error.object[error.start : error.end]
        ) from error
    except yaml.YAMLError as error:
        raise DeclarationError(path, "whole file", "YAML", str(error)) from error


def validated(path: Path, model: type[Model], raw: Any, where: str = "") -> Model:
    """Check one mapping against its model.

    Raises:
        DeclarationError: naming the first key that is wrong.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        expected = _expected(dict(first), model)
        key, found = ".".join(str(part) for part in first["loc"]), first["input"]
        if first["type"] == "missing":
            found = None
        elif not key and isinstance(raw, dict):  # a rule over several keys; its message begins with one of them
            named = expected.split()[0].rstrip(":")
            key, found = (named, raw.get(named)) if named in model.model_fields else ("", ", ".join(map(str, raw)))
        raise DeclarationError(path, where + (key or "whole declaration"), expected, found) from error


def _expected(problem: dict[str, Any], model: type[BaseModel]) -> str:
    if problem["type"] == "extra_forbidden":
        return f"one of the known keys ({', '.join(model.model_fields)})"
    if problem["type"] == "missing":
        return "this key to be there"
    return str(problem["msg"]).removeprefix("Value error, ")


def rows_of(path: Path, model: type[Model], key: str) -> Iterable[Model]:
    """Check each row of a file against its model, and that `key` tells them apart.

    Raises:
        DeclarationError: naming the row and the key that is wrong.
    """
    raw = read_yaml(path)
    if not isinstance(raw, list):
        raise DeclarationError(path, "whole file", "a list of rows", type(raw).__name__)
    seen: set[object] = set()
    for number, item in enumerate(raw, start=1):
        row = validated(path, model, item, where=f"row {number}: ")
        identity = getattr(row, key)
        if identity in seen:
            raise DeclarationError(path, f"row {number}: {key}", "each id once", identity)
        seen.add(identity)
        yield row
