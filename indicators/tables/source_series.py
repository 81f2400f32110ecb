"""The schema of the public table `source_series`.

Belongs here: names, types and descriptions of its columns. Does not belong here: its rows
(`generate/source_series_rows.py`), or the publisher's own list of series, which a release does not publish.
"""

from __future__ import annotations

from indicators.tables.reform import RegisterTable

SOURCE_TABLES: dict[str, RegisterTable] = {
    "source_series": RegisterTable(
        "What each source series measures, read from its publisher's description and said in our own words.",
        ("dataset", "series"),
        {
            "dataset": ("varchar", "The dataset; with series, the publisher's id; see indicator and measure."),
            "series": ("varchar", "The publisher's id of the series."),
            "counts": (
                "varchar",
                "The kind of thing that is counted or added: persons, episodes (stays and visits), "
                "full_time_equivalents, staff, hours, days, years, places, money, area, index or municipality.",
            ),
            "who_sv": ("varchar", "Of whom or what."),
            "ages": ("varchar", "Which ages: alla, 65+ or 65–79; null where age has no part in it."),
            "earlier_ages": ("varchar", "Other ages that were counted up to a year, with that year."),
            "period_sv": ("varchar", "When, or over which time; null where the source does not say."),
            "counted_sv": ("varchar", "What is counted: the numerator."),
            "of_sv": ("varchar", "Out of what: the denominator; null for a number in all."),
            "answers": ("varchar", "The answers of a questionnaire that are counted, with semicolons."),
            "left_out_sv": ("varchar", "What is in neither."),
            "breaks": ("varchar", "Years from which the way of measuring is another, with reasons."),
            "no_breaks": ("varchar", "Years that the description names and that are no breaks, with reasons."),
            "verdict": (
                "varchar",
                "How our definition stood against the description when it was reviewed: same, clarified or corrected.",
            ),
            "changed_sv": ("varchar", "What was changed in the definition then."),
            "description_sha256": (
                "varchar",
                "The beginning of the digest of the description that the review stood on; see `nyckeltal status`.",
            ),
        },
    )
}
