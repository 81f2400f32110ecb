"""Which of Kolada's KPIs are asked for: those that the catalogue uses, and the others that a person wants beside them.

Belongs here: the scope that is stated or remembered, and the KPIs that it means. Does not belong here: how they are
requested (`fetching.py`), or what becomes of them in a release (`warehouse/uncurated.py`).

The curated KPIs are `kolada.values`, the others `kolada.other_values`: two datasets, so that whatever goes wrong with
one of some thousand KPIs that nobody has reviewed cannot hold back those that are.
"""

from __future__ import annotations

from pipelines.errors import SourceError
from pipelines.settings import Settings
from pipelines.sources.fetch_context import Context
from pipelines.sources.kolada import parsing
from pipelines.storage.archive import Archive
from pipelines.text.normalise import folded
from pipelines.text.suggestions import names_near

KPI, KPI_GROUPS = "kolada.kpi", "kolada.kpi_groups"
VALUES, OTHER_VALUES = "kolada.values", "kolada.other_values"
CURATED, ALL, GROUP = "curated", "all", "group:"


def scope_of(archive: Archive) -> str:
    """What was asked for last in this data folder, and is published: `curated`, `all` or `group:` and an id."""
    return archive.asked_for(OTHER_VALUES) or CURATED


def remember(settings: Settings, archive: Archive) -> None:
    """Remember a scope that is stated and needs no looking up; a group is remembered once it has been found."""
    if settings.stated_scope in {CURATED, ALL} and scope_of(archive) != settings.stated_scope:
        archive.ask_for(OTHER_VALUES, settings.stated_scope)


def others(context: Context) -> set[str]:
    """The KPIs that are asked for beside those of the catalogue, which are not among them.

    Raises:
        SourceError: the list of KPIs or of their groups is missing, or there is no such group.
    """
    chosen = context.settings.stated_scope or scope_of(context.archive)
    used = set(context.catalogue.series_of(VALUES))
    if chosen == CURATED:
        return set()
    if chosen == ALL:
        return parsing.ids_of(context.archive, KPI) - used
    group = _group(context.archive, chosen.removeprefix(GROUP).strip())
    context.archive.ask_for(OTHER_VALUES, GROUP + group)
    return parsing.members_of(context.archive, KPI_GROUPS, group) - used


def previously_listed(context: Context) -> set[str]:
    """The other KPIs that are known of, though the publisher may list them no longer."""
    known = {s for fetched in context.taken_in(OTHER_VALUES) for s in fetched.promise.series}
    return known - parsing.ids_of(context.archive, KPI) - set(context.catalogue.series_of(VALUES))


def curated(context: Context) -> set[str]:
    """The KPIs of the catalogue that the publisher lists.

    Raises:
        SourceError: the list of KPIs is missing.
    """
    return set(context.catalogue.series_of(VALUES)) & parsing.ids_of(context.archive, KPI)


def _group(archive: Archive, written: str) -> str:
    """The id of a group of KPIs, by its id or its title.

    Raises:
        SourceError: no group has it, or more than one.
    """
    titles = parsing.titles_of(archive, KPI_GROUPS)
    if written in titles:
        return written
    alike = [group for group, title in titles.items() if folded(written) in {folded(group), folded(title)}]
    if len(alike) == 1:
        return alike[0]
    named = {title: f"{group} ({title})" for group, title in titles.items()}
    by_id = {group: f"{group} ({title})" for group, title in titles.items()}
    near = alike and [by_id[group] for group in alike]
    near = near or [(named | by_id)[name] for name in names_near(written, [*named, *by_id])]
    raise SourceError(
        "several groups of KPIs have this title" if alike else "there is no such group of KPIs",
        where="--scope, NYCKELTAL_KOLADA_SCOPE",
        expected="group: and the id or the title of one of the publisher's groups of KPIs",
        found=written,
        remedy=(f"did you mean {', '.join(dict.fromkeys(near))}? " if near else "")
        + "the groups are at the publisher's /kpi_groups; what was asked for before stands",
    )
