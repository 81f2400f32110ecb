"""Lays out an explanation for people: a tree from the value down to the archived files, in Swedish.

Belongs here: the lines of the tree and their order. Does not belong here: finding out what they tell (`provenance`), or
formulas with their numbers (`explain_formulas.py`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from indicators.model import words
from pipelines.commands import terminal
from pipelines.commands.explain_formulas import declared, exact, with_numbers
from pipelines.text.swedish_numbers import number

Record = dict[str, Any]
_FEW = 3  # members of a group that are shown without --all
_SHORT = 12
_STEP = 4
_CHANGES = {
    "new": "ny", "revised": "ändrad", "status_changed": "med annan status", "withdrawn": "borttagen av källan",
    "restored": "återkommen",
}  # fmt: skip
_ACTIONS = {
    "drop": "värdet tas bort", "override": "värdet ersätts", "scale": "värdet räknas om", "flag": "värdet märks",
    "caution": "värdet får en varning",
}  # fmt: skip
_PRECISIONS = {"row": "rad", "line": "rad", "path": "", "parsed_row": ""}
_WAYS = {"snapshot": "inbäddade uppgifter", "live": "hämtad", "submission": "lämnad av en kommun"}


def tell_explanation(told: Record, *, everything: bool) -> None:
    """Print an explanation; of a group the first few members alone, unless everything is asked for."""
    _head(told)
    made_of = told["made_of"]
    if not told["has_archive"]:
        _of_release(told)
        return
    _say(f"← formel: {declared(told)}", 1)
    if made_of is None:
        _say("← inga rader i det som är känt", 1)
    elif "inputs" in made_of:
        _index(made_of, told)
    else:
        _figure(made_of, told, 1, everything=everything)
    _files(told["files"])
    _arithmetic(told)


def _say(text: str, depth: int = 0) -> None:
    terminal.out.lines(" " * _STEP * depth + text, indent=_STEP * depth + 2)


def _head(told: Record) -> None:
    thing, row, area = told[told["explained"]], told["published"], told["area"]
    name = thing.get("indicator_id") or thing["composite_id"]
    terminal.out.print(thing["title_sv"], markup=False, style="bold")
    _say(f"{name} · {area['name']} ({area['area_id']}) · {told['year']} · {words.SEXES[told['sex']]}")
    terminal.out.print()
    unit = f" {thing['unit']}" if thing.get("unit") else ""
    if row["value"] is None:
        reason = words.missing_reason(row.get("missing_reason"))
        status = words.said(words.STATUSES, row["status"]) if "status" in row else "för få av vikterna har värden"
        _say(f"Inget värde: {status}" + (f" ({reason})" if "status" in row else ""))
    else:
        status = f", {words.said(words.STATUSES, row['status'])}" if "status" in row else ""
        _say(f"Värde: {number(row['value'], thing.get('decimals', 1))}{unit}{status} (exakt {exact(row['value'])})")
    known = f", känt från {_moment(row['known_from'])}" if "known_from" in row else ""
    _say(f"Utgåva {told['release']['release_id']}{known}")
    _judged(told)


def _judged(told: Record) -> None:
    """Cautions, corrections, breaks and earlier knowledge of the published value."""
    row = told["published"]
    if row.get("caution"):
        _say(f"Varning: {words.said(words.CAUTIONS, row['caution'])}")
    if correction := told.get("correction"):
        _say(f"Rättelse {correction['correction_id']}: {_ACTIONS[correction['action']]}. {correction['reason_sv']}")
    for each in told.get("breaks", ()):
        _say(f"Brott {each['year']}: {each['reason_sv']}")
    history = told.get("history", [])
    for each in history if len(history) > 1 else ():
        _say(f"Version {each['revision']} ({_CHANGES[each['change']]}), {_known(each)}: {exact(each['value'])}")


def _figure(made_of: Record, told: Record, depth: int, *, everything: bool) -> None:
    if "of" in made_of or told["formula"]["kind"] != "published" or made_of.get("deflator"):
        _say(f"= {with_numbers(made_of, told)}", depth)
    if "of" not in made_of:
        _measures(made_of, depth)
        return
    number_of, present = made_of["members"], made_of["members_with_value"]
    _say(f"← {number_of} medlemmar, {'alla' if present == number_of else present} med värde", depth)
    shown = made_of["of"] if everything else made_of["of"][:_FEW]
    for member in shown:
        _say(f"{member['name']} ({member['area_id']}): {exact(member['value'])}", depth + 1)
        if member["terms"]:
            _say(f"= {with_numbers(member, told)}", depth + 2)
            bottom = f", nämnare {exact(member['denominator'])}" if member["denominator"] is not None else ""
            _say(f"täljare {exact(member['numerator'])}{bottom}", depth + 2)
            _measures(member, depth + 2, weights=True)
        if isinstance(member["member_of_by"], dict):
            _say(f"medlem enligt {_place(member['member_of_by'])}", depth + 2)
    if len(shown) < number_of:
        _say(f"… och {number_of - len(shown)} till: --all visar alla", depth + 1)


def _measures(made_of: Record, depth: int, *, weights: bool = False) -> None:
    """Each measure once, however many terms it is in, with the rows that it is known by.

    Args:
        weights: whether those of a published value are told too, which only count for groups.
    """
    is_own = any(term["part"] == "value" for term in made_of["terms"]) and not weights
    terms = [t for t in made_of["terms"] if not is_own or t["part"] not in {"numerator", "denominator"}]
    measures = {(m["dataset"], m["series"]): m for term in terms for m in term["measures"]}
    for measure in measures.values():
        named = measure["measure_id"] or measure["series"]
        value = exact(measure["value"]) if measure["value"] is not None else _reason(measure)
        _say(f"← {named} = {value} {measure['unit']} ({measure['title_sv']})", depth)
        if correction := measure["correction"]:
            stated = exact(measure["stated_value"])
            _say(
                f"rättelse {correction['correction_id']}: {_ACTIONS[correction['action']]}, källan har {stated}",
                depth + 1,
            )
        _rows(measure, depth + 1)
    for index in _indices(made_of):
        issue = f", utgåva {index['issue']}" if index["issue"] else f", medel av {len(index['made_of'])} månader"
        _say(f"← {index['index_id']} {index['year']} = {exact(index['value'])}{issue}", depth)
        for row in index["made_of"]:
            _say(f"{exact(row['value'])} ← {_place(row)}", depth + 1)


def _indices(made_of: Record) -> list[Record]:
    """The index of the price year and of the value's own, once where they are the same."""
    deflator = made_of.get("deflator")
    found = [deflator["price_year"], deflator["own_year"]] if deflator else []
    return [index for place, index in enumerate(found) if index and index not in found[:place]]


def _rows(measure: Record, depth: int) -> None:
    for row in reversed(measure["history"]):
        value = exact(row["value"]) if row["value"] is not None else "inget värde"
        status = f" ({row['status']})" if row["status"] else ""
        told = f"{measure['dataset']} {measure['series']}, version {row['revision']} ({_CHANGES[row['change']]})"
        _say(f"← {told}, {_known(row)}, leverans {row['delivery']}: {value}{status}", depth)
        _say(f"← {_place(row)}", depth + 1)


def _place(row: Record) -> str:
    """The file of a row, and where in it; the first letters of its hash are enough to find it in the list of files."""
    found = [f"{_PRECISIONS[p['precision']]} {p['where'].removeprefix(p['precision'])}".strip() for p in row["places"]]
    where = " och ".join(" ".join(text.split()) for text in found) or "raden finns inte i filen eller filen är skadad"
    return f"fil {row['source_file_sha256'][:_SHORT]}, {where}"


def _index(made_of: Record, told: Record) -> None:
    _say(f"= {with_numbers(made_of, told)}", 1)
    for each in made_of["inputs"]:
        cut = f", kapat till {exact(each['used_z'])}" if each["used_z"] != each["z"] else ""
        turn = "" if each["turn"] > 0 else ", vänt"
        _say(f"← {each['indicator_id']} {each['input_year']} = {exact(each['value'])} ({each['title_sv']})", 1)
        _say(
            f"z = ({exact(each['value'])} − {exact(each['mean'])}) / {exact(each['standard_deviation'])} = "
            f"{number(each['z'], 6)}{cut}{turn}, vikt {exact(each['weight'])}; {each['municipalities']} kommuner", 2
        )  # fmt: skip
        _measures(each["made_of"], 2)
    for missing in made_of["inputs_without_value"]:
        _say(f"utan värde: {missing}", 1)


def _files(files: list[Record]) -> None:
    terminal.out.print("\nArkiverade filer")
    for file in files:
        stands = "kontrollsumman stämmer" if file["hash_stands"] else "KONTROLLSUMMAN STÄMMER INTE"
        _say(f"{file['sha256']} (SHA-256), {number(file['bytes'])} byte: {stands}", 1)
        _say(file["path"], 2)
        published = f", publicerad {file['published_at']}" if file["published_at"] else ""
        way = f"{_WAYS[file['way']]} {_moment(file['fetched_at'])}"
        _say(f"← {file['publisher']}: {file['url']} ({way}{published}; {file['licence']})", 2)


def _arithmetic(told: Record) -> None:
    arithmetic = told["arithmetic"]
    is_anew = arithmetic["numbers_from"] == "archived_bytes"
    where = "de arkiverade filerna, lästa på nytt," if is_anew else "det som är känt (vintages)"
    verdict = "det publicerade" if arithmetic["holds"] else "ett annat än det publicerade"
    value = exact(arithmetic["value"]) if arithmetic["value"] is not None else "inget värde"
    terminal.out.print()
    _say(f"Räkningen ur {where} ger {value}: {verdict}.")
    if not is_anew:
        _say("Läs talen på nytt ur de arkiverade filerna: --recompute")


def _of_release(told: Record) -> None:
    """As much as the release itself holds."""
    made_of = told["made_of"]
    _say(f"← formel: {declared(told)}", 1)
    for measure in made_of.get("measures", ()):
        value = exact(measure["value"]) if measure["value"] is not None else _reason(measure)
        series = f"{measure['dataset']} {measure['series']}"
        _say(f"← {measure['measure_id']} = {value} {measure['unit']} ({measure['title_sv']}); {series}", 1)
    for each in made_of.get("inputs", ()):
        _say(f"← {each['indicator_id']} {each['input_year']} = {exact(each['value'])}, z {number(each['z'], 6)}", 1)
    if file := made_of.get("source_file"):
        _say(f"← fil {file['sha256']} (SHA-256, inte prövad), {file['url']}", 1)


def _reason(measure: Record) -> str:
    reason = measure["reason"]
    return "ingen rad" if reason == "no_row" else f"inget värde, {words.missing_reason(reason)}"


def _known(row: Record) -> str:
    until = f" till {_moment(row['known_to'])}" if row["known_to"] else ""
    return f"känd från {_moment(row['known_from'])}{until}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
