"""`nyckeltal indicators new`: asks for an indicator's keys, one at a time, and writes a valid declaration.

Belongs here: the questions (Swedish), the layout of the file, and validating it together with the whole catalogue.
Does not belong here: what a valid declaration is (`indicators/`).
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from indicators.errors import DeclarationError
from indicators.load.catalogue import load_catalogue, validated
from indicators.model.indicator import CostConcept, GrArea, Indicator, Polarity, Theme, ValueType
from pipelines.errors import UsageError

Ask = Callable[[str, list[str] | None, str | None], str]
_WIDTH = 106


def ask_for(ask: Ask) -> dict[str, Any]:
    """The keys of a declaration, in the order of the file.

    Args:
        ask: puts a question, with the allowed answers (None: any) and the default for an empty one.
    """
    keys: dict[str, Any] = {"indicator_id": ask("Id, ord med understreck", None, None)}
    keys["title_sv"] = ask("Titel på svenska", None, None)
    keys["title_en"] = ask("Titel på engelska", None, None)
    keys["definition_sv"] = ask("Definition: vad som räknas, hos vem, när, varifrån", None, None)
    keys["purpose_sv"] = ask("Används till: vilket beslut eller vilken fråga", None, None)
    keys["theme"] = ask("Tema", list(Theme), None)
    keys["kind"] = ask("Slag", ["published", "ratio", "derived"], "published")
    keys |= _made_of(keys["kind"], ask)
    keys["unit"] = ask("Enhet, till exempel % eller kr/inv 80+", None, None)
    keys["decimals"] = int(ask("Antal decimaler", [str(n) for n in range(5)], "1"))
    keys["value_type"] = ask("Värdetyp", list(ValueType), None)
    keys["polarity"] = ask("Riktning", list(Polarity), Polarity.NONE)
    if keys["value_type"] != ValueType.PROPORTION:
        lowest, highest = ask("Rimligt lägst", None, "0"), ask("Rimligt högst", None, None)
        keys["plausible_range"] = {"min": _number(lowest), "max": _number(highest)}
    if keys["theme"] == Theme.KOMPETENS:
        keys["workforce"] = ask("Vilka det gäller", ["medarbetare", "chefer"], "medarbetare")
    if keys["theme"] == Theme.KOSTNAD or "kr" in keys["unit"].replace("/", " ").split():
        keys["cost_concept"] = ask("Kostnadsbegrepp", list(CostConcept), CostConcept.KOSTNAD)
        keys["price_basis"] = {"kind": ask("Priser", ["current", "none"], "current")}
    area = ask("GR:s område, eller tomt", [*GrArea, ""], "")
    if area:
        keys["gr_area"] = area
    since = ask("Gäller från (ÅÅÅÅ-MM-DD)", None, f"{date.today():%Y-%m-%d}")  # noqa: DTZ011 - the local day is meant
    return keys | {"definition_version": 1, "valid_from": date.fromisoformat(since)}


def write_indicator(home: Path, keys: dict[str, Any]) -> Path:
    """Write the declaration to the file that its theme and id determine.

    Returns:
        The new file.

    Raises:
        UsageError: the file exists already. DeclarationError: the declaration is invalid; then no file is left.
    """
    path = home / "catalogue" / str(keys["theme"]) / f"{keys['indicator_id']}.yml"
    validated(path, Indicator, keys)
    if path.exists():
        raise UsageError("there is an indicator with this id already", where=str(path), remedy="choose another id")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_text(keys), encoding="utf-8")
    try:
        load_catalogue(home)
    except DeclarationError:
        path.unlink()
        raise
    return path


def as_text(keys: dict[str, Any]) -> str:
    """The declaration as YAML in the form of the catalogue: long texts folded, short mappings on one line."""
    return "".join(_line(key, value) for key, value in keys.items())


def _line(key: str, value: Any) -> str:
    if isinstance(value, str) and len(value) > _WIDTH - len(key):
        return f"{key}: >-\n" + textwrap.indent(textwrap.fill(value, _WIDTH, break_on_hyphens=False), "  ") + "\n"
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, width=10_000, sort_keys=False)
    return f"{key}: {_without_end(text)}\n"


def _without_end(text: str) -> str:
    """Dumped YAML without the end-of-document mark, which follows a plain text or number."""
    return text.removesuffix("\n").removesuffix("...").strip()


def _made_of(kind: str, ask: Ask) -> dict[str, Any]:
    if kind == "published":
        made: dict[str, Any] = {
            "dataset": ask("Dataset", None, "kolada.values"),
            "series": ask("Källans serie", None, None),
        }
        if ask("Finns serien bland de inbäddade värdena", ["ja", "nej"], "ja") == "nej":
            made |= {"embedded": False}
        return made
    if kind == "derived":
        return {"expression": ask("Uttryck över mått", None, None)}
    return {
        "numerator": ask("Täljare, över mått", None, None),
        "denominator": ask("Nämnare, över mått", None, None),
        "multiplier": _number(ask("Gånger", None, "1")),
    }


def _number(text: str) -> float | int:
    try:
        number = float(text.replace(",", ".").replace(" ", ""))
    except ValueError as error:
        raise UsageError("this is no number", expected="a number such as 12,5", found=text) from error
    return int(number) if number == int(number) else number
