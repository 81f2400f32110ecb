"""Where in one of Kolada's archived pages a row stands.

Belongs here: the path of an item, and of the value in it. Does not belong here: reading pages as rows (`parsing.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Key = tuple[Any, ...]
Found = tuple[str, dict[str, Any]]  # the path in the page, and what stands there


def find_rows(body: bytes, dataset: str) -> dict[Key, Found]:
    """The rows of a page by their key, each with its path such as `values[3].values[0]`."""
    items = json.loads(body)["values"]
    if dataset.endswith("values"):
        return dict(_values(items, "ou" if dataset.endswith("ou_values") else "municipality"))
    if dataset in {"kolada.municipality_groups", "kolada.kpi_groups"}:
        return dict(_members(items))
    return {(item["id"],): (f"values[{i}]", item) for i, item in enumerate(items)}


def _values(items: list[dict[str, Any]], area: str) -> Iterator[tuple[Key, Found]]:
    for i, item in enumerate(items):
        for j, value in enumerate(item["values"]):
            key = (item["kpi"], item[area], item["period"], value["gender"])
            yield key, (f"values[{i}].values[{j}]", value)


def _members(items: list[dict[str, Any]]) -> Iterator[tuple[Key, Found]]:
    for i, group in enumerate(items):
        for j, member in enumerate(group["members"]):
            yield (group["id"], member["member_id"]), (f"values[{i}].members[{j}]", member)
