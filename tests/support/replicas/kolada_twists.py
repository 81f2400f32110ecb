"""Corrupted pages of Kolada, for `KoladaReplica.twist`.

Belongs here: one function for each way in which content can be wrong. Does not belong here: broken connections
(`faults.py`).
"""

from __future__ import annotations

from typing import Any

from tests.support.replicas.kolada import Page, Seen, Twist


def endless(page: Page, seen: Seen) -> None:
    """The next page is this one."""
    page["next_url"] = seen.url


def back_to_the_first(page: Page, seen: Seen) -> None:
    """The next page is the first, for ever."""
    page["next_url"] = seen.url.split("&page=")[0].split("?page=")[0]


def same_as_before(page: Page, seen: Seen) -> None:
    """The page holds what the one before held."""
    if seen.number > 1:
        before = seen.page(seen.number - 1)
        page["values"], page["count"] = before["values"], before["count"]


def shifted(page: Page, seen: Seen) -> None:
    """Something was put in before, while paging: the page begins with the last item of the one before."""
    if seen.number > 1:
        page["values"] = [seen.page(seen.number - 1)["values"][-1], *page["values"][:-1]]


def ends_early(page: Page, seen: Seen) -> None:
    """The chain ends here, though there is more."""
    page["next_url"] = None


def one_item_fewer(page: Page, seen: Seen) -> None:
    """An item is not there, though `count` counts it."""
    page["values"] = page["values"][1:]


def none_at_all(page: Page, seen: Seen) -> None:
    """An empty list and 200."""
    page |= {"values": [], "count": 0, "next_url": None}


def another_host(page: Page, seen: Seen) -> None:
    """The next page lies on another host."""
    page["next_url"] = "http://elsewhere.invalid/v3/kpi?page=2"


def first_value(**cells: Any) -> Twist:
    """Other cells in the first value of the first item."""

    def change(page: Page, seen: Seen) -> None:
        page["values"][0]["values"][0] |= cells

    return change


def first_item(**cells: Any) -> Twist:
    """Other cells in the first item or record."""

    def change(page: Page, seen: Seen) -> None:
        page["values"][0] |= cells

    return change


def all_items(**cells: Any) -> Twist:
    """Other cells in each item or record."""

    def change(page: Page, seen: Seen) -> None:
        for item in page["values"]:
            item.update(cells)

    return change


def all_values(**cells: Any) -> Twist:
    """Other cells in each value."""

    def change(page: Page, seen: Seen) -> None:
        for item in page["values"]:
            for value in item["values"]:
                value.update(cells)

    return change


def renamed(old: str, new: str) -> Twist:
    """A field of each value has another name."""

    def change(page: Page, seen: Seen) -> None:
        for item in page["values"]:
            for value in item["values"]:
                value[new] = value.pop(old)

    return change


def renamed_in_items(old: str, new: str) -> Twist:
    """A field of each item or record has another name."""

    def change(page: Page, seen: Seen) -> None:
        for item in page["values"]:
            item[new] = item.pop(old)

    return change


def renamed_in_pages(old: str, new: str) -> Twist:
    """A field of the page has another name."""

    def change(page: Page, seen: Seen) -> None:
        page[new] = page.pop(old)

    return change


def one_item_twice(page: Page, seen: Seen) -> None:
    """The first item stands twice on the page."""
    page["values"] = [page["values"][0], *page["values"]]
    page["count"] += 1
