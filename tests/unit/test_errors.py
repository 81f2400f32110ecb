"""Errors travel between processes as they are, and what goes wrong with one dataset is told as that dataset's own."""

from __future__ import annotations

import errno
import importlib
import inspect
import os
import pickle
import pkgutil
import threading
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

import indicators
import pipelines
from indicators.errors import DeclarationError, PortableError
from indicators.load.catalogue import Catalogue
from pipelines.errors import LockHeldError, NyckeltalError, ProgramFaultError, SourceError
from pipelines.faults import holding_back, trace_of
from pipelines.processes.helper import ProcessEndedError, Worker
from pipelines.quality.stage import HeldBackError, judge
from pipelines.settings import Settings
from pipelines.sources import origins
from pipelines.storage.archive import Fetch, Promise
from pipelines.storage.vintages import CheckResult

CHECK = CheckResult(check_id="a.b", level="block", subject="a", passed=False, expected="x", found="y")


def error_classes() -> list[type[BaseException]]:
    """Every exception that a module of ours defines."""
    found: dict[str, type[BaseException]] = {}
    for package in (indicators, pipelines):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.endswith("__main__"):
                continue
            for name, value in vars(importlib.import_module(module.name)).items():
                if inspect.isclass(value) and issubclass(value, BaseException) and value.__module__ == module.name:
                    found[f"{module.name}.{name}"] = value
    return list(found.values())


def example(hint: Any) -> Any:
    """Something of a type."""
    if get_origin(hint) is UnionType:
        hint = next(h for h in get_args(hint) if h is not NoneType)
    if get_origin(hint) is tuple:
        return (example(get_args(hint)[0]),)
    if isinstance(hint, type) and issubclass(hint, BaseException):
        return made(hint) if issubclass(hint, PortableError) else KeyError("nyckel å")
    return {str: "text å", int: 403, float: 2.5, bytes: b"kropp", Path: Path("f.yml"), CheckResult: CHECK}.get(
        hint, "något"
    )


def made(kind: type[BaseException]) -> BaseException:
    """An instance, by its constructor's own types."""
    if "__init__" not in vars(kind):
        parent = next((c for c in kind.__mro__ if "__init__" in vars(c) and c.__module__.split(".")[0] in OURS), None)
        if parent is None:
            return kind("text å", 7)
        hinted = get_type_hints(parent.__init__)
        signature = inspect.signature(parent.__init__)
    else:
        hinted, signature = get_type_hints(kind.__init__), inspect.signature(kind.__init__)
    positional, named = [], {}
    for name, parameter in list(signature.parameters.items())[1:]:
        if parameter.kind in {parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL}:
            continue
        if parameter.kind is parameter.KEYWORD_ONLY:
            named[name] = example(hinted.get(name))
        else:
            positional.append(example(hinted.get(name)))
    return kind(*positional, **named)


OURS = {"indicators", "pipelines"}
CLASSES = error_classes()


def test_the_classes_are_found() -> None:
    assert {DeclarationError, SourceError, HeldBackError, LockHeldError} <= set(CLASSES)
    assert len(CLASSES) > 12


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_comes_out_of_another_process_as_it_went_in(kind: type[BaseException]) -> None:
    error = made(kind)
    error.__cause__ = Unpicklable("orsak ö", threading.Lock())
    came = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(came) is kind
    assert (str(came), came.args) == (str(error), error.args)
    assert {k: str(v) for k, v in vars(came).items()} == {k: str(v) for k, v in vars(error).items()}
    assert str(came.__cause__) == str(error.__cause__)
    error.__cause__ = DeclarationError("skr.yml", "live", "a word", 6579)
    came = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert vars(came.__cause__) == vars(error.__cause__)


class Unpicklable(Exception):  # noqa: N818 - an error as a library may have it
    """Cannot be pickled."""

    def __init__(self, text: str, lock: Any) -> None:
        super().__init__(text)
        self.lock = lock


def fails(how: str) -> None:
    """Work that ends in an error, in the helper process."""
    if how == "killed":
        os._exit(9)
    if how == "unpicklable":
        raise Unpicklable("ett fel", threading.Lock())
    try:
        raise KeyError("bara en orsak")
    except KeyError as cause:
        raise DeclarationError("a.yml", "b", "c", 6579) from cause


def test_whatever_work_in_the_helper_process_ends_in_reaches_the_run_and_the_next_call_works() -> None:
    worker = Worker()
    try:
        with pytest.raises(DeclarationError, match=r"a\.yml: b: expected c, found 6579") as caught:
            worker.call(fails, "declared")
        assert "bara en orsak" in str(caught.value.__cause__)
        with pytest.raises(RuntimeError, match="Unpicklable: ett fel") as other:
            worker.call(fails, "unpicklable")
        assert "in fails" in other.value.__notes__[0]
        with pytest.raises(ProcessEndedError, match="helper process ended"):
            worker.call(fails, "killed")
        assert worker.call(len, "abc") == 3
    finally:
        worker.stop()


@pytest.mark.parametrize(
    "error", [TypeError("missing 3 arguments"), KeyError("varde"), AssertionError(), MemoryError(), RecursionError()]
)
def test_a_fault_of_the_program_is_told_as_one_with_its_traceback(error: Exception) -> None:
    with pytest.raises(ProgramFaultError, match=f"a fault of the program.*{type(error).__name__}") as caught:
        _meet(error)
    assert "in _meet" in trace_of(caught.value)
    assert caught.value.where == "skr.personal"


def test_a_wrong_declaration_is_told_with_file_and_key_and_what_to_do() -> None:
    with pytest.raises(SourceError, match=r"skr.yml: live.layouts.*6579.*indicators validate"):
        _meet(DeclarationError("skr.yml", "live.layouts", "a text", 6579))


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        RuntimeError("IO Error: No space left on device"),
        LockHeldError("another refresh"),
        NyckeltalError("whatever"),
    ],
)
def test_a_full_disk_and_a_lock_are_no_dataset_s_fault(error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        _meet(error)
    assert not isinstance(caught.value, SourceError)


def _meet(error: Exception) -> None:
    with holding_back("skr.personal"):
        raise error


@pytest.mark.parametrize("error", [TypeError("missing"), KeyError("varde"), DeclarationError("skr.yml", "a", "b", 1)])
def test_a_parser_that_fails_holds_its_dataset_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def parse(settings: Settings, fetched: Fetch, target: Path) -> None:
        target.write_bytes(b"half")
        raise error

    monkeypatch.setattr(origins, "parse", parse)
    settings = Settings(data_dir=tmp_path)
    catalogue = Catalogue(home=tmp_path, indicators=(), measures=())
    fetched = Fetch(dataset="skr.personal", number=1, files=(), promise=Promise(rows=0), way="live")
    with pytest.raises(
        HeldBackError, match=type(error).__name__ if not isinstance(error, DeclarationError) else "skr.yml"
    ) as caught:
        judge(settings, catalogue, "skr.personal", fetched, tmp_path)
    assert [c.check_id for c in caught.value.checks if not c.passed] == ["skr.personal.readable"]
    assert bool(trace_of(caught.value)) == (not isinstance(error, DeclarationError))
