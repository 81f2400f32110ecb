"""The queries that compare a delivery with what is known.

Belongs here: when two numbers are the same, which value a row states, and which rows a delivery changes. Does not
belong here: running the queries and keeping what they find (`vintages.py`), or whether a change is believed
(`quality`).
"""

from __future__ import annotations

from pathlib import Path

from pipelines.datasets import SQL_TYPES, STATUSES_WITH_VALUE, Dataset
from pipelines.storage.archive import Fetch
from pipelines.storage.database import columns, identifier, literal

NOISE = 1e-9  # relative; publishers' figures have far fewer digits, and a computation's last digit is no news
NOISE_AT_ZERO = 1e-12  # absolute, for numbers beside zero


def same_number(a: str, b: str) -> str:
    """SQL: whether two numbers are the same but for noise; null is the same as null only."""
    near = f"abs({a} - {b}) <= greatest({NOISE} * greatest(abs({a}), abs({b})), {NOISE_AT_ZERO})"
    return f"case when {a} is null or {b} is null then {a} is null and {b} is null else {near} end"


def stated_value(declared: Dataset, alias: str) -> str:
    """SQL: the value of a row as it counts: none beside a status that says that there is none, or that nobody knows."""
    if "status" not in declared.payload:
        return f"{alias}.value"
    stands = ", ".join(literal(s) for s in STATUSES_WITH_VALUE)
    return f"case when {alias}.status is null or {alias}.status in ({stands}) then {alias}.value end"


def newest(history: str, declared: Dataset) -> str:
    """SQL: the newest row of each key of a history."""
    place = f"row_number() over (partition by {columns(declared.key)} order by known_from desc)"
    return f"select * exclude (newest) from (select *, {place} as newest from ({history})) where newest = 1"


def held_keys(quarantine_path: Path | None, declared: Dataset) -> str:
    """SQL: the keys of the rows that were held back."""
    if quarantine_path is None:
        return f"select {columns(declared.key)} from staged where false"
    return f"select distinct {columns(declared.key)} from read_parquet({literal(str(quarantine_path))})"


def changes(declared: Dataset, fetched: Fetch, last_sha: str) -> str:
    """SQL: staged rows compared with what is known; see `Vintages.absorb` for the rules.

    A row that the publisher marks as withdrawn comes as a row, with that status; a row that is lacking in a complete
    delivery has been withdrawn without a mark. Of a number that differs by noise only, the known one is kept.
    """
    key, payload = declared.key, declared.payload
    same_key = " and ".join(f"s.{identifier(c)} = k.{identifier(c)}" for c in key)
    differs = {c: _differs(c, declared) for c in payload}
    others = [d for c, d in differs.items() if c != "status"]
    anything, more_than_status = (" or ".join(d) or "false" for d in (differs.values(), others))
    marked = "coalesce(s.status = 'withdrawn', false)" if "status" in payload else "false"
    was_marked = "coalesce(k.status = 'withdrawn', false)" if "status" in payload else "false"
    was_gone = f"(k.change = 'withdrawn' or {was_marked})"
    kept = ", ".join(
        f"case when {differs[c]} then s.{identifier(c)} else k.{identifier(c)} end as {identifier(c)}"
        if declared.columns[c].type == "number" and c in payload
        else f"s.{identifier(c)}"
        for c in declared.columns
    )
    arrived = (
        f"select {kept}, "
        f"case when k.change is null then 'new' when {marked} then 'withdrawn' when {was_gone} then 'restored' "
        f"when {more_than_status} then 'revised' else 'status_changed' end as change, s.source_file_sha256 "
        f"from staged as s left join known as k on {same_key} "
        f"where k.change is null or {marked} <> {was_gone} or (not {marked} and ({anything}))"
    )
    if not fetched.promise.complete:
        return arrived
    gone = ", ".join(
        f"k.{identifier(c)}" if c in key else f"cast(null as {SQL_TYPES[d.type]}) as {identifier(c)}"
        for c, d in declared.columns.items()
    )
    held = " and ".join(f"h.{identifier(c)} = k.{identifier(c)}" for c in key)
    within = "k.series_id in (select series_id from scope) and " if fetched.promise.series else ""
    withdrawn = (
        f"select {gone}, 'withdrawn' as change, {last_sha} as source_file_sha256 "
        f"from known as k where {within}not {was_gone} "
        f"and not exists (select 1 from staged as s where {same_key}) "
        f"and not exists (select 1 from held as h where {held})"
    )
    return f"{arrived} union all {withdrawn}"


def _differs(column: str, declared: Dataset) -> str:
    s, k = f"s.{identifier(column)}", f"k.{identifier(column)}"
    if column == "value":
        return f"not ({same_number(stated_value(declared, 's'), stated_value(declared, 'k'))})"
    if declared.columns[column].type == "number":
        return f"not ({same_number(s, k)})"
    return f"{s} is distinct from {k}"
