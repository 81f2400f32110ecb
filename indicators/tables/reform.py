"""The schemas of the public tables of the reform's registers.

Belongs here: names, types and descriptions of columns that a release publishes exactly as declared. Does not belong
here: rows (`generate/reform_rows.py`), and tables that are computed (dbt, `effects.py`).
"""

from __future__ import annotations

from typing import NamedTuple


class RegisterTable(NamedTuple):
    """A table that is published as declared: its description, its key, and type and description of each column."""

    about: str
    key: tuple[str, ...]
    columns: dict[str, tuple[str, str]]


_EVENT = {"event_id": ("varchar", "The event; see reform_event.")}
_STUDY = {"study_id": ("varchar", "The study; see study.")}
_SOURCED = {
    "document_id": ("varchar", "The document that it stands in; see document."),
    "section": ("varchar", "Where in the document."),
    "read_on": ("date", "The day on which it was read."),
}
_STATUS = ("varchar", "proposed, decided, started, ended, cancelled or unknown, as the document says it.")
_FACTOR = ("varchar", "The framgångsfaktor that it serves; see success_factor.")
_AREAS = ("varchar", "Areas and groups concerned, with commas; see area.")

REFORM_TABLES: dict[str, RegisterTable] = {
    "document": RegisterTable(
        "Source documents of the reform's registers.",
        ("document_id",),
        {
            "document_id": ("varchar", "The document."),
            "title_sv": ("varchar", "Its title."),
            "publisher": ("varchar", "Who published it."),
            "published": ("date", "The day it was published or last changed; null where it does not say."),
            "published_inferred_from": ("varchar", "What is known of the date when there is none."),
            "url": ("varchar", "Its address, where known."),
            "was_read": ("boolean", "Whether it was read itself; false: known from other documents only."),
            "read_on": ("date", "The day on which it, or what tells of it, was read."),
        },
    ),
    "reform_event": RegisterTable(
        "What was proposed, decided, begun and ended in the shift to nära vård. Facts of the documents only.",
        ("event_id",),
        {
            "event_id": ("varchar", "The event."),
            "title_sv": ("varchar", "What it is called here."),
            "what_sv": ("varchar", "What happened."),
            "decided_by": ("varchar", "Who decides; null where nobody is named."),
            "areas": _AREAS,
            "organisations": ("varchar", "Organisations concerned, with commas."),
            "earliest": ("date", "First day on which it can have happened or begun."),
            "latest": ("date", "Last day on which it can have happened or begun."),
            "date_precision": ("varchar", "day, month, season or year."),
            "ended_by": ("date", "Last day of a period; null for what has none, or where it is unknown."),
            "status": _STATUS,
            "kind": ("varchar", "reform, pilot, financing_shift, agreement, report, organisation or context."),
            "success_factor": _FACTOR,
            **_SOURCED,
        },
    ),
    "reform_event_area": RegisterTable(
        "The areas and groups that an event concerns, one a row.",
        ("event_id", "area_id"),
        {**_EVENT, "area_id": ("varchar", "Area or group; see area.")},
    ),
    "reform_event_indicator": RegisterTable(
        "The indicators that an event is expected to move, and which way.",
        ("event_id", "indicator_id"),
        {
            **_EVENT,
            "indicator_id": ("varchar", "The indicator."),
            "direction": ("varchar", "up, down or unclear: the expectation, not a result."),
        },
    ),
    "intervention": RegisterTable(
        "What is done within the reform: programmes, joint activities, services.",
        ("intervention_id",),
        {
            "intervention_id": ("varchar", "The intervention."),
            "parent_id": ("varchar", "The programme that it is part of."),
            "title_sv": ("varchar", "Its name."),
            "what_sv": ("varchar", "What is done."),
            "areas": _AREAS,
            "kind": ("varchar", "programme, joint_activity or service."),
            "status": _STATUS,
            "success_factor": _FACTOR,
            **_SOURCED,
        },
    ),
    "intervention_payer": RegisterTable(
        "Who pays for an intervention, and when. A cost that moves between payers is not saved.",
        ("intervention_id", "payer"),
        {
            "intervention_id": ("varchar", "The intervention."),
            "payer": ("varchar", "Who pays."),
            "valid_from": ("date", "First day; null: from the beginning."),
            "valid_to": ("date", "Last day; null: still, or unknown."),
        },
    ),
    "finding": RegisterTable(
        "What others have found and reported, to be put beside the estimates of the studies.",
        ("finding_id",),
        {
            "finding_id": ("varchar", "The finding."),
            "title_sv": ("varchar", "In short."),
            "finding_sv": ("varchar", "What was found, as the document says it."),
            "method_sv": ("varchar", "How it was found, as far as the document tells."),
            "found_by": ("varchar", "Who found it."),
            "areas": _AREAS,
            "about": ("varchar", "cost, quality, competence, organisation or cooperation."),
            "direction": ("varchar", "up, down, mixed, none or unclear."),
            **_SOURCED,
        },
    ),
    "finding_indicator": RegisterTable(
        "Indicators that follow what a finding is about.",
        ("finding_id", "indicator_id"),
        {"finding_id": ("varchar", "The finding."), "indicator_id": ("varchar", "The indicator.")},
    ),
    "finding_study": RegisterTable(
        "Studies whose estimates a finding is put beside.",
        ("finding_id", "study_id"),
        {"finding_id": ("varchar", "The finding."), **_STUDY},
    ),
    "study": RegisterTable(
        "Declared studies of what the reforms did: the question and the design, before any result.",
        ("study_id",),
        {
            "study_id": ("varchar", "The study."),
            "title_sv": ("varchar", "Its title."),
            "question_sv": ("varchar", "What it asks."),
            "design_sv": ("varchar", "How it is asked of the figures."),
            "exclusions_sv": ("varchar", "What is left out, and why."),
            "caveats_sv": ("varchar", "What has to be kept in mind, one a line."),
        },
    ),
    "study_event": RegisterTable(
        "The events that a study is about.",
        ("study_id", "event_id"),
        {**_STUDY, **_EVENT},
    ),
    "study_analysis": RegisterTable(
        "The analyses of a study: method, indicators, areas and years.",
        ("study_id", "analysis_id"),
        {
            **_STUDY,
            "analysis_id": ("varchar", "The analysis."),
            "method": (
                "varchar",
                "interrupted_time_series, difference_in_differences, staggered_event_study, synthetic_control, "
                "synthetic_difference_in_differences, augmented_synthetic_control, payer_view or before_after.",
            ),
            "is_descriptive": ("boolean", "The design only describes: nothing may be said of causes."),
            "indicators": ("varchar", "Indicators, with commas."),
            "treated": ("varchar", "Areas and groups that are looked at, with commas; null where all are, by dose."),
            "excluded": ("varchar", "Areas and groups that nobody is compared with, with commas."),
            "dose": ("varchar", "What the dose is: an indicator and its years, or money of the table funding."),
            "covariates": ("varchar", "Indicators, and their years, in which those compared are made alike."),
            "first_year": ("integer", "First year of the window."),
            "last_year": ("integer", "Last year of the window."),
            "first_after": ("integer", "First year that counts as after."),
            "leave_out": ("varchar", "Years of the window that are left out, with commas."),
            "assumptions_sv": ("varchar", "What has to hold, one a line."),
        },
    ),
}
