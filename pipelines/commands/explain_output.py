"""Lays out an explanation for people: a tree from the value down to the archived files, in Swedish.

Belongs here: the lines of the tree and their order. Does not belong here: finding out what they tell (`provenance`), or
formulas with their numbers (`explain_formulas.py`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from indicators.model import words
from pipelines.commands import terminal
from pipelines.commands.explain_formulas import added, declared, exact, with_numbers, with_unit
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
_STATES = {
    "whole": "kontrollsumman stämmer", "altered": "FILEN ÄR ÄNDRAD, KONTROLLSUMMAN STÄMMER INTE",
    "missing": "FILEN SAKNAS I ARKIVET",
}  # fmt: skip
_PRECISIONS = {"row": "rad", "line": "rad", "path": "", "parsed_row": ""}
_REASONS = {"no_row": "ingen rad", "unreadable": "kunde inte läsas på nytt ur den arkiverade filen"}
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
        _say(f"Inget värde: {_lacking(row)}")
        if uncollected := told.get("not_collected"):
            _say(uncollected["reason_sv"])
    else:
        status = f", {words.said(words.STATUSES, row['status'])}" if "status" in row else ""
        _say(f"Värde: {number(row['value'], thing.get('decimals', 1))}{unit}{status} (exakt {exact(row['value'])})")
        _spread(row, thing)
    known = f", känt från {_moment(row['known_from'])}" if "known_from" in row else ""
    _say(f"Utgåva {told['release']['release_id']}{known}")
    _say(f"Så citeras det: {told['cite_sv']}")
    _judged(told)


def _lacking(row: Record) -> str:
    """Why there is no value; the reason after the status, unless they say the same."""
    if "status" not in row:
        return "för få av vikterna har värden"
    status, reason = words.said(words.STATUSES, row["status"]), words.missing_reason(row["missing_reason"])
    return status if reason == status else f"{status} ({reason})"


def _spread(row: Record, thing: Record) -> None:
    """The interval of a value, and of how many it is."""
    if row.get("lower_95") is None or row.get("upper_95") is None:
        return
    low, high = (number(row[side], max(1, thing["decimals"])) for side in ("lower_95", "upper_95"))
    answers = f"; n = {exact(row['denominator'])} ({thing['denominator']})" if row["denominator"] is not None else ""
    _say(f"95 % konfidensintervall: {low}–{high}{answers}")


def _judged(told: Record) -> None:
    """Cautions, corrections, breaks and earlier knowledge of the published value."""
    row = told["published"]
    if row.get("caution"):
        _say(f"Varning: {words.said(words.CAUTIONS, row['caution'])}")
    if correction := told.get("correction"):
        _say(f"Rättelse {correction['correction_id']}: {_ACTIONS[correction['action']]}. {correction['reason_sv']}")
    if told["explained"] == "indicator":
        _breaks(told["breaks"], told["year"])
    history = told.get("history", [])
    for each in history if len(history) > 1 else ():
        _say(f"Version {each['revision']} ({_CHANGES[each['change']]}), {_known(each)}: {exact(each['value'])}")


def _breaks(breaks: list[Record], year: int, depth: int = 0) -> None:
    """The break of the value's own year with its reason, and the years of the others."""
    for each in breaks:
        if each["year"] == year:
            _say(f"Brott {year}: {each['reason_sv']}", depth)
    if others := [str(each["year"]) for each in breaks if each["year"] != year]:
        _say(
            f"Serien har brott {' och '.join((', '.join(others[:-1]), others[-1])) if others[1:] else others[0]}.",
            depth,
        )


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
            _sides(member, told, depth + 2)
            _measures(member, depth + 2, weights=True)
        if isinstance(member["member_of_by"], dict):
            _say(f"medlem enligt {_place(member['member_of_by'])}", depth + 2)
    if len(shown) < number_of:
        _say(f"… och {number_of - len(shown)} till: --all visar alla", depth + 1)
    _price_indices([index for member in made_of["of"] for index in _indices(member)], depth)


def _sides(member: Record, told: Record, depth: int) -> None:
    """What a member adds to its group."""
    if told["formula"]["kind"] != "published" or member.get("deflator"):
        _say(f"= {with_numbers(member, told)}", depth)
    elif member["numerator"] is not None and member["denominator"] is not None:
        _say(
            f"värde × vikt: {exact(member['value'])} × {exact(member['denominator'])} = {exact(member['numerator'])}",
            depth,
        )
        return
    if member["denominator"] is None and member["numerator"] == member["value"]:
        return
    bottom = f", nämnare {exact(member['denominator'])}" if member["denominator"] is not None else ""
    _say(f"täljare {exact(member['numerator'])}{bottom}", depth)


def _measures(made_of: Record, depth: int, *, weights: bool = False) -> None:
    """Each measure once, however many terms it is in, with the rows that it is known by.

    Args:
        weights: whether those of a published value are told too, which only count for groups.
    """
    is_own = _is_own(made_of) and not weights
    terms = [t for t in made_of["terms"] if not is_own or t["part"] not in {"numerator", "denominator"}]
    measures = {(m["dataset"], m["series"]): m for term in terms for m in term["measures"]}
    are_weights = {
        m["series"] for t in terms if t["part"] == "denominator" for m in t["measures"] if weights and _is_own(made_of)
    }
    for measure in measures.values():
        named = measure["measure_id"] or measure["series"]
        weight = "vikt " if measure["series"] in are_weights else ""
        _say(f"← {weight}{named} = {_value(measure)} ({measure['title_sv']})", depth)
        if correction := measure["correction"]:
            stated = exact(measure["stated_value"])
            _say(
                f"rättelse {correction['correction_id']}: {_ACTIONS[correction['action']]}, källan har {stated}",
                depth + 1,
            )
        _rows(measure, depth + 1)
    if not weights:
        _price_indices(_indices(made_of), depth)


def _is_own(made_of: Record) -> bool:
    """Whether it is a published value, beside which there are weights at most."""
    return any(term["part"] == "value" for term in made_of["terms"])


def _price_indices(indices: list[Record], depth: int) -> None:
    """Each price index and year once, with the rows that it is made of."""
    for index in {(each["index_id"], each["year"]): each for each in indices}.values():
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
    where = (
        " och ".join(" ".join(text.split()) for text in found)
        or "raden finns inte i filen, eller filen är skadad eller borta"
    )
    return f"fil {row['source_file_sha256'][:_SHORT]}, {where}"


def _index(made_of: Record, told: Record) -> None:
    if made_of["inputs"]:
        _say(f"= {with_numbers(made_of, told)}", 1)
    for each in made_of["inputs"]:
        cut = f", kapat till {exact(each['used_z'])}" if each["used_z"] != each["z"] else ""
        turn = "" if each["turn"] > 0 else ", vänt"
        _say(f"← {each['indicator_id']} {each['input_year']} = {exact(each['value'])} ({each['title_sv']})", 1)
        _input_state(each, told["year"])
        _say(
            f"z = ({added([exact(each['value']), exact(-each['mean'])])}) / {exact(each['standard_deviation'])} = "
            f"{number(each['z'], 6)}{cut}{turn}, vikt {exact(each['weight'])}; {each['municipalities']} kommuner", 2
        )  # fmt: skip
        _measures(each["made_of"], 2)
    for missing in made_of["inputs_without_value"]:
        why = "kunde inte läsas på nytt" if missing in made_of["inputs_unreadable"] else "utan värde"
        _say(f"{why}: {missing}", 1)


def _input_state(each: Record, year: int) -> None:
    """The status of an input, since when it is known, and its breaks."""
    carried = "" if each["input_year"] == year else f", buret från {each['input_year']}"
    _say(f"{words.said(words.STATUSES, each['status'])}{carried}, känt från {_moment(each['known_from'])}", 2)
    _breaks(each["breaks"], each["input_year"], 2)


def _files(files: list[Record]) -> None:
    if files:
        terminal.out.print("\nArkiverade filer")
    for file in files:
        size = "" if file["bytes"] is None else f", {number(file['bytes'])} byte"
        _say(f"{file['sha256']} (SHA-256){size}: {_STATES[file['state']]}", 1)
        _say(file["path"], 2)
        published = f", publicerad {file['published_at']}" if file["published_at"] else ""
        way = f"{_WAYS[file['way']]} {_moment(file['fetched_at'])}"
        _say(f"← {file['publisher']}: {file['url']} ({way}{published}; {file['licence']})", 2)


def _arithmetic(told: Record) -> None:
    arithmetic = told["arithmetic"]
    is_anew = arithmetic["numbers_from"] == "archived_bytes"
    terminal.out.print()
    if arithmetic["holds"] is None:
        _say("Talen kunde inte läsas på nytt ur de arkiverade filerna: det publicerade värdet är inte prövat.")
        return
    where = "de arkiverade filerna, lästa på nytt," if is_anew else "det som är känt (vintages)"
    verdict = "det publicerade" if arithmetic["holds"] else "ett annat än det publicerade"
    value = exact(arithmetic["value"]) if arithmetic["value"] is not None else "inget värde"
    _say(f"Räkningen ur {where} ger {value}: {verdict}.")
    if is_anew and told["of_members"]:
        _say("Vilka som är medlemmar är inte räknat på nytt, bara att raden om var och en finns i sin fil.")
    if not is_anew:
        _say("Läs talen på nytt ur de arkiverade filerna: --recompute")


def _of_release(told: Record) -> None:
    """As much as the release itself holds."""
    made_of = told["made_of"]
    _say(f"← formel: {declared(told)}", 1)
    if own := made_of.get("series"):
        value = f" = {_value(own)}" if "value" in own else ""
        whose = "medlemmarnas värden i " if told["of_members"] else ""
        _say(f"← {whose}{own['dataset']} {own['series']}{value} ({own['title_sv']})", 1)
    for measure in made_of.get("measures", ()):
        series = f"{measure['dataset']} {measure['series']}"
        weight = "vikt, för värden av grupper: " if measure["is_weight"] else ""
        _say(f"← {weight}{measure['measure_id']} = {_value(measure)} ({measure['title_sv']}); {series}", 1)
    for each in made_of.get("inputs", ()):
        _say(f"← {each['indicator_id']} {each['input_year']} = {exact(each['value'])}, z {number(each['z'], 6)}", 1)
        _input_state(each, told["year"])
    if file := made_of.get("source_file"):
        _say(f"← fil {file['sha256']} (SHA-256, inte prövad), {file['url']}", 1)


def _value(measure: Record) -> str:
    """A measure's value with its unit, or why there is none."""
    if measure["value"] is not None:
        return with_unit(measure["value"], measure["unit"])
    reason = measure["reason"]
    if reason in _REASONS:
        return _REASONS[reason]
    return f"inget värde, {words.missing_reason(reason)}"


def _known(row: Record) -> str:
    until = f" till {_moment(row['known_to'])}" if row["known_to"] else ""
    return f"känd från {_moment(row['known_from'])}{until}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
