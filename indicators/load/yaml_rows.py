"""Parses a YAML file into typed rows, with clear errors.

Belongs here: reading YAML, and validating one mapping or one list against its model. Does not belong here: which files
there are, and references between them (`catalogue.py`, `references.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from indicators.errors import DeclarationError

Model = TypeVar("Model", bound=BaseModel)


# Unquoted words that YAML parses as something other than the text, or that YAML versions parse differently.
_SWITCH = re.compile(r"y|n|yes|no|on|off|true|false", re.IGNORECASE)
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_BROKEN = re.compile(r"[-+]?[0-9]+\.[0-9]*(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|nan)", re.IGNORECASE)
_OTHERWISE = re.compile(r"[-+]?0o?[0-9]+|[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]+", re.IGNORECASE)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_KINDS = {"int": "the number", "float": "the number", "bool": "true or false,", "timestamp": "the date", "null": "null"}
Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Surprise:
    """An unquoted word that YAML parses as something other than its text: where it is, and what it becomes.

    `place` is its path, of keys and list positions; a key's own path ends with the key.
    """

    place: Place
    line: int
    text: str
    is_key: bool
    read_as: str

    def error(self, path: Path) -> DeclarationError:
        """The error for a person."""
        what = "key" if self.is_key else "value"
        expected = f"the {what} in quotes when it is a text ('{self.text}'), or a plain number, true or false"
        key = f"line {self.line}: {'.'.join(map(str, self.place))}"
        return DeclarationError(path, key, expected, f"{self.text}, which YAML reads as {self.read_as}")


def read_yaml(path: Path) -> Any:
    """Parse one YAML file.

    Raises:
        DeclarationError: unreadable, not UTF-8, not YAML, a duplicate key, or a word that YAML parses as something
        other than its text (`65_79`, `yes`, `1:30`, `0180`), with its line.
    """
    raw, surprises = read_yaml_with_surprises(path)
    if surprises:
        raise surprises[0].error(path)
    return raw


def read_yaml_with_surprises(path: Path) -> tuple[Any, list[Surprise]]:
    """Parse one YAML file, and list the words that are not parsed as their text, in the order of the file.

    Raises:
        DeclarationError: unreadable, not UTF-8, not YAML, or a duplicate key.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DeclarationError(
            path, f"byte {error.start}", "UTF-8 text", error.object[error.start : error.end]
        ) from error
    try:
        loader = yaml.CSafeLoader(text)
        try:
            root = loader.get_single_node()
            if root is None:
                return None, []
            surprises = sorted(_surprises(loader, root, (), set()), key=lambda s: s.line)
            return loader.construct_document(root), surprises
        finally:
            loader.dispose()
    except (yaml.YAMLError, ValueError) as error:  # a date such as 2024-02-30 is a ValueError
        raise DeclarationError(path, "whole file", "YAML", str(error)) from error


def _surprises(loader: yaml.CSafeLoader, node: yaml.Node, place: Place, seen: set[int]) -> Iterator[Surprise]:
    """The words below a node that are not parsed as their text; each node once, however many aliases lead to it.

    Raises:
        YAMLError: a duplicate key (YAML keeps the last).
    """
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        names: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in names and key.tag != "tag:yaml.org,2002:merge":
                raise yaml.YAMLError(f"the key {name!r} stands twice (line {key.start_mark.line + 1})")
            names.add(name)
            if found := _read_otherwise(loader, key, is_key=True):
                yield Surprise((*place, name), key.start_mark.line + 1, name, True, found)
            yield from _surprises(loader, value, (*place, name), seen)
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _surprises(loader, item, (*place, number), seen)
    elif found := _read_otherwise(loader, node, is_key=False):
        yield Surprise(place, node.start_mark.line + 1, str(node.value), False, found)


def _read_otherwise(loader: yaml.CSafeLoader, node: yaml.Node, *, is_key: bool) -> str:
    """What a plain word is parsed as, if that differs from its text; else nothing."""
    if not isinstance(node, yaml.ScalarNode) or node.style not in {None, ""}:
        return ""
    kind, text = node.tag.rsplit(":", maxsplit=1)[-1], str(node.value)
    if kind in {"str", "merge"}:
        if _SWITCH.fullmatch(text):
            return "a text, though other readers of YAML take it for true or false"
        return "a text, though other readers of YAML take it for a number" if _OTHERWISE.fullmatch(text) else ""
    as_it_looks = {
        "int": _WHOLE.fullmatch(text), "float": _BROKEN.fullmatch(text), "timestamp": _DAY.fullmatch(text),
        "bool": text.lower() in {"true", "false"}, "null": True,
    }  # fmt: skip
    if as_it_looks.get(kind, True) and not is_key:
        return ""
    read = "" if kind in {"null", "bool"} else f" {loader.construct_object(node)}"
    return f"{_KINDS.get(kind, kind)}{read}".rstrip(",")


def validated(path: Path, model: type[Model], raw: Any, where: str = "") -> Model:
    """Validate one mapping against its model.

    Raises:
        DeclarationError: with the first key that is wrong.
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
    """Validate each row of a file against its model, and that `key` is unique.

    Raises:
        DeclarationError: with the row and the key that is wrong.
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
