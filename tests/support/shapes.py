"""The fields of the publishers' responses, and their types: facts taken from recorded responses.

Belongs here: one line for each field, and comparing a response with them. Does not belong here: values. A field whose
line ends with `?` may be missing. `*` stands for codes, which differ from table to table; `[]` for the items of a
list. Kolada's are those of metadata recorded in 2026 and of pages that public tests of clients of version 3 hold;
Socialstyrelsen's are what public programs read of its responses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_BY_CODE = {"index", "label", "unit", "noteMandatory", "refperiod", "measuringType", "priceType", "adjustment"}
_BY_CODE |= {"alternativeText", "dimension", "basePeriod", "valueNote"}

_LINK = "rel str\nhreflang str\nhref str"
_TABLE = """
id str
label str
description str
sortCode str
updated str
firstPeriod str
lastPeriod str
category str
variableNames[] str
source str
subjectCode str
timeUnit str
paths[][].id str
paths[][].label str
paths[][].sortCode str
links[].rel str
links[].hreflang str
links[].href str
"""
_CUBE = """
version str
class str
label str
source str
updated str
note[] str
role.time[] str
role.metric[] str
role.geo[] str ?
id[] str
size[] int
dimension.*.label str
dimension.*.note[] str ?
dimension.*.category.index.* int
dimension.*.category.label.* str
dimension.*.category.note.*[] str ?
dimension.*.category.unit.*.base str
dimension.*.category.unit.*.decimals int
dimension.*.extension.elimination bool
dimension.*.extension.eliminationValueCode str ?
dimension.*.extension.noteMandatory.* bool ?
dimension.*.extension.show str
dimension.*.extension.refperiod.* str ?
dimension.*.extension.measuringType.* str
dimension.*.extension.priceType.* str
dimension.*.extension.adjustment.* str
dimension.*.extension.alternativeText.* str ?
extension.noteMandatory.* bool ?
extension.px.infofile str
extension.px.tableid str
extension.px.decimals int
extension.px.official-statistics bool
extension.px.aggregallowed bool
extension.px.copyright bool
extension.px.language str
extension.px.contents str
extension.px.descriptiondefault bool
extension.px.heading[] str
extension.px.stub[] str
extension.px.matrix str
extension.px.subject-code str
extension.px.subject-area str
extension.discontinued null|bool ?
extension.contact[].name str
extension.contact[].organization str
extension.contact[].phone str
extension.contact[].mail str
extension.contact[].raw str
status.* str ?
"""


def _under(prefix: str, lines: str) -> str:
    return "\n".join(prefix + line for line in lines.split("\n") if line)


SHAPES: dict[str, str] = {
    "scb v2 config": """
apiVersion str
appVersion str
languages[].id str
languages[].label str
defaultLanguage str
maxDataCells int
maxCallsPerTimeWindow int
timeWindow int
license str
sourceReferences[].language str
sourceReferences[].text str
defaultDataFormat str
dataFormats[] str
features[].id str
features[].params[].key str
features[].params[].value str
""",
    "scb v2 tables": f"""
language str
{_under("tables[].", _TABLE)}
page.pageNumber int
page.pageSize int
page.totalElements int
page.totalPages int
page.links[] empty ?
{_under("page.links[].", _LINK).replace(" str", " str ?")}
{_under("links[].", _LINK)}
""",
    "scb v2 table": f"language str\n{_TABLE}",
    "scb v2 metadata": f"""{_CUBE}
dimension.*.extension.codelists[] empty ?
dimension.*.extension.codelists[].id str ?
dimension.*.extension.codelists[].label str ?
dimension.*.extension.codelists[].type str ?
{_under("dimension.*.extension.codelists[].links[].", _LINK).replace(" str", " str ?")}
value[] empty
""",
    "scb v2 data": f"{_CUBE}\nvalue[] int|float|null",
    "scb v2 codelist": f"""
id str
label str
language str
languages[] str
elimination bool
type str
values[].code str
values[].label str
values[].valueMap[] str
{_under("links[].", _LINK)}
""",
    "scb v1 config": "maxValues int\nmaxCells int\nmaxCalls int\ntimeWindow int\nCORS bool",
    "scb v1 data": """
columns[].code str
columns[].text str
columns[].type str
comments[] empty
data[].key[] str
data[].values[] str
metadata[].infofile str
metadata[].updated str
metadata[].label str
metadata[].source str
""",
    "kolada kpi": """
id str
title str
description str ?
is_divided_by_gender bool|int ?
municipality_type str ?
auspice str ?
operating_area str
perspective str ?
prel_publication_date str|null
publication_date str|null
publ_period str|int|null
has_ou_data bool|int
""",
    "kolada data": """
values[].kpi str
values[].period int
values[].municipality str
values[].values[].gender str
values[].values[].value float|null
values[].values[].status str
values[].values[].count int
values[].values[].isdeleted bool
count int ?
next_url str|null
previous_url str|null ?
""",
    "kolada oudata": """
values[].kpi str
values[].period int
values[].ou str
values[].values[].gender str
values[].values[].value float|null
values[].values[].status str
values[].values[].count int
values[].values[].isdeleted bool
count int ?
next_url str|null
previous_url str|null ?
""",
    "kolada ou": """
values[].id str
values[].title str
values[].municipality str
count int ?
next_url str|null
previous_url str|null ?
""",
    "kolada municipality": """
values[].id str
values[].title str
values[].type str
count int ?
next_url str|null
previous_url str|null ?
""",
    "kolada group member": "member_id str\nmember_title str",
    "kolada v2": "error str",
    "socialstyrelsen words": "[].id int\n[].text str",
    "socialstyrelsen results": """
data[].regionId int
data[].alderId int
data[].konId int
data[].mattId int
data[].ar int
data[].diagnosId int ?
data[].lakemedelId int ?
data[].varde str
sida int
per_sida int
sidor int
nasta_sida str|null
""",
}


def differences(name: str, answer: Any) -> list[str]:
    """How a response differs from the fields of its kind: missing, unknown, or of another type."""
    lines = [line.split() for line in SHAPES[name].split("\n") if line.strip()]
    declared = {path: set(types.split("|")) for path, types, *_ in lines}
    optional = {path for path, _, *rest in lines if rest}
    found: dict[str, set[str]] = {}
    for path, kind in _fields(answer, ""):
        found.setdefault(path, set()).add(kind)
    told = [f"{path} is missing" for path in declared if path not in found and path not in optional]
    told += [f"{path} is not known" for path in found if path not in declared]
    for path, kinds in found.items():
        if path in declared and not kinds <= declared[path]:
            told.append(f"{path}: {', '.join(sorted(kinds))} instead of {' or '.join(sorted(declared[path]))}")
    return told


def _fields(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        last = path.rsplit(".", maxsplit=1)[-1]
        by_code = last in _BY_CODE or path == "status" or path.endswith("category.note")
        for key, part in value.items():
            yield from _fields(part, f"{path}.{'*' if by_code else key}".removeprefix("."))
    elif isinstance(value, list):
        if not value:
            yield f"{path}[]", "empty"
        for part in value:
            yield from _fields(part, f"{path}[]")
    else:
        yield path, "null" if value is None else type(value).__name__
