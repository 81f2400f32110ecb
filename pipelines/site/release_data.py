"""The input of the pages, read from the tables of one release.

Belongs here: queries, and their rows as plain dictionaries. Does not belong here: arithmetic of indicators, texts.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

from pipelines.reading.reader import CAUTIONS_SQL

Row = dict[str, Any]

_PAGED = "('municipality', 'county', 'region', 'group', 'nation')"

# Each area's newest value of each indicator, with its comparison, its recent trend and its whole series.
_NEWEST = f"""
with paged as (select area_id from area where area_type in {_PAGED}),
series as (
    select indicator_id, area_id, list(year order by year) as years, list(case when caution is null then value end order by year) as series,
        list(break_before order by year) as breaks, max(year) filter (where value is not null) as newest
    from observation
    join paged using (area_id)
    where sex = 'T'
    group by indicator_id, area_id
    having max(year) filter (where value is not null) is not null
)
select s.indicator_id, s.area_id, s.years, s.series, s.breaks, o.year, o.value, o.lower_95, o.upper_95,
    o.caution, o.is_preliminary, coalesce(c.nation, w.value) as nation, coalesce(c.gr_weighted, c.gr_unweighted) as gr, c.gr_weighted is null as gr_is_unweighted,
    c.similar_median, c.similar_n, c.significance, c.place_sv, p.place_interval_sv, p.basis,
    p.p_value, p.q_of_area, p.stands_out, p.target, p.size_group,
    t.verdict, t.direction, t.first_year as trend_from, t.last_year as trend_to
from series as s
join observation as o
    on o.indicator_id = s.indicator_id and o.area_id = s.area_id and o.year = s.newest and o.sex = 'T'
left join observation as w
    on w.indicator_id = s.indicator_id and w.area_id = '0000' and w.year = s.newest and w.sex = 'T'
        and w.caution is null
left join comparison as c
    on c.indicator_id = s.indicator_id and c.area_id = s.area_id and c.year = s.newest and c.sex = 'T'
left join place as p
    on p.indicator_id = s.indicator_id and p.area_id = s.area_id and p.year = s.newest and p.sex = 'T'
left join trend as t
    on t.indicator_id = s.indicator_id and t.area_id = s.area_id and t.sex = 'T' and t.horizon = 'recent'
order by s.area_id, s.indicator_id
"""  # noqa: E501

# Every value of one indicator without a caution; all indicators at once would be too large a query.
_CUBE = f"""
select o.sex, o.area_id, o.year, case when o.caution is null then o.value end as value,
    case when o.caution is null then o.lower_95 end as lower_95,
    case when o.caution is null then o.upper_95 end as upper_95
from observation as o
join area as a using (area_id)
where o.indicator_id = $indicator and a.area_type in {_PAGED}
order by o.sex, o.area_id, o.year
"""

_RANKED = """
with newest as (
    select indicator_id, max(year) as year
    from observation
    join area using (area_id)
    where sex = 'T' and value is not null and area_type = $kind
    group by indicator_id
)
select o.indicator_id, o.year, o.area_id, a.name, o.value, o.lower_95, o.upper_95, o.status, o.missing_reason,
    o.caution, o.numerator, o.denominator, c.rank_from_highest, c.place_sv,
    p.place_interval_sv, p.outlier
from newest as n
join observation as o on o.indicator_id = n.indicator_id and o.year = n.year and o.sex = 'T'
join area as a on a.area_id = o.area_id and a.area_type = $kind
left join comparison as c
    on c.indicator_id = o.indicator_id and c.area_id = o.area_id and c.year = o.year and c.sex = 'T'
left join place as p
    on p.indicator_id = o.indicator_id and p.area_id = o.area_id and p.year = o.year and p.sex = 'T'
order by o.indicator_id, o.value desc nulls last, a.name
"""


@dataclass(frozen=True)
class Tables:
    """One release, as pages need it.

    `newest` is by area, then by indicator; `ranked` by indicator; `measured` are the indicators that some area of a
    type has a value of.
    """

    release: Row
    indicators: dict[str, Row]
    areas: dict[str, Row]
    members: dict[str, list[str]]
    groups_of: dict[str, list[str]]
    similar: dict[str, list[Row]]
    newest: dict[str, dict[str, Row]]
    measured: dict[str, set[str]]
    ranked: dict[str, list[Row]]
    by_indicator: dict[str, dict[str, list[Row]]]
    whole: dict[str, list[Row]]

    def name(self, area_id: str) -> str:
        """An area's name; its code where it is unknown."""
        return str(self.areas[area_id]["name"]) if area_id in self.areas else area_id


# Small tables that pages show completely, or by indicator.
_WHOLE = {
    "data_gap": "select * from data_gap order by theme, gap_id",
    "frame_item": "select * from frame_item order by frame_id, item_no",
    "success_factor": "select * from success_factor",
    "quality_result": "select * from quality_result order by passed, level, check_id",
    "reform_event": "select e.*, d.title_sv as document_sv, d.publisher from reform_event as e "
    "left join document as d using (document_id) order by e.earliest, e.event_id",
    "reform_event_indicator": "select * from reform_event_indicator order by all",
    "document": "select * from document order by document_id",
    "funding": "select f.*, d.title_sv as document_sv from funding as f left join document as d using (document_id) "
    "order by f.year, f.amount_mnkr desc, f.funding_id",
    "intervention": "select * from intervention order by intervention_id",
    "intervention_payer": "select * from intervention_payer order by all",
    "finding": "select f.*, d.title_sv as document_sv from finding as f left join document as d using (document_id) "
    "order by finding_id",
    "study": "select * from study order by study_id",
    "study_analysis": "select * from study_analysis order by study_id, analysis_id",
    "study_conclusion": "select * from study_conclusion order by study_id",
    "study_event": "select * from study_event order by all",
    "study_need": "select n.*, i.title_sv as proxy_sv from study_need as n "
    "left join indicator as i on n.proxy_indicator_id = i.indicator_id order by n.study_id, n.need_id",
    "finding_study": "select * from finding_study order by all",
    "effect_estimate": "select * from effect_estimate order by study_id, analysis_id, indicator_id, area_id, estimand",
    "effect_series": "select * from effect_series order by study_id, analysis_id, indicator_id, area_id, year",
    "donor_weight": "select * from donor_weight where abs(weight) >= 0.005 "
    "order by study_id, analysis_id, indicator_id, area_id, weight desc",
    "source": "select source_id, dataset, max(fetched_at) as fetched_at, max(published_at) as published_at, "
    "sum(rows) as rows, max(licence) as licence, max(attribution) as attribution from source_file group by all "
    "order by source_id, dataset",
    "control": "select control_id, title_sv, count(*) as of_n, count(*) filter (where holds) as holds "
    "from control group by all order by control_id",
    "index": "select r.*, c.title_sv, c.up_means_sv from composite_reliability as r "
    "join (select distinct composite_id, title_sv, up_means_sv from composite) as c using (composite_id) "
    "where r.year = (select max(year) from composite_reliability as n where n.composite_id = r.composite_id) "
    "order by composite_id",
    "index_part": "select p.*, i.title_sv from composite_part as p join indicator as i using (indicator_id) "
    "where p.year = (select max(year) from composite_reliability as n where n.composite_id = p.composite_id) "
    "order by composite_id, item_rest desc nulls last, indicator_id",
    "weight": "select verdict, count(*) as n from weight_control group by verdict order by verdict",
    "weight_declared": "select w.*, i.title_sv from weight_control as w join indicator as i using (indicator_id) "
    "where w.verdict in ('declared', 'unexplained', 'unweighted_mean') order by indicator_id, year, sex",
    "correction": "select * from correction order by all",
    "caution": CAUTIONS_SQL,
    "quarantine": "select source_id, dataset, reason, count(*) as rows from quarantine group by all order by all",
    "revision_by_indicator": "select indicator_id, change, count(*) as n from revision group by all order by all",
    "revision": "select r.*, a.name from revision as r left join area as a using (area_id) "
    "order by indicator_id, r.area_id, year desc, sex limit 2000",
    "knowledge": "select known_from, change, count(*) as n, count(distinct indicator_id) as indicators "
    "from observation_vintage where value is not null or change = 'withdrawn' "
    "group by all order by known_from desc, change limit 200",
    "count": "select (select count(value) from observation) as values_known, "
    "(select count(*) from revision) as revisions, "
    "(select count(distinct (indicator_id, area_id, year, sex)) from plausibility) as doubtful",
}
_BY_INDICATOR = {
    "coverage": "select indicator_id, year, with_value, suppressed, missing, with_interval, of_n from coverage "
    "where sex = 'T' order by indicator_id, year desc",
    "funnel": "select * from funnel where sex = 'T' and size_group = 'all' order by indicator_id, year desc",
    "equity": "select * from equity where sex = 'T' order by indicator_id, year desc",
    "plausibility": "select indicator_id, rule, count(*) as n from plausibility group by all order by all",
    "response": "select s.indicator_id, s.year, max(case when s.area_id = '0000' then s.response_rate end) as nation, "
    "min(s.response_rate) as low, max(s.response_rate) as high from survey_response as s "
    "group by all order by s.indicator_id, s.year desc",
    "crosswalk": "select c.indicator_id, f.frame_title_sv, f.title_sv from crosswalk as c "
    "join frame_item as f using (frame_id, item_id) order by all",
    "revised": "select indicator_id, known_from, change, count(*) as n from observation_vintage "
    "where revision > 1 group by all order by indicator_id, known_from desc",
}


def read_tables(con: duckdb.DuckDBPyConnection) -> Tables:
    """Everything that pages show of a release, except the values of every area and year (`cube`)."""
    areas = rows(con, f"select * from area where area_type in {_PAGED} order by area_id")
    newest: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in rows(con, _NEWEST):
        newest[row["area_id"]][row["indicator_id"]] = row
    ranked = by_key(rows(con, _RANKED, kind="municipality"))
    regional = by_key(rows(con, _RANKED, kind="region"))
    measured: dict[str, set[str]] = defaultdict(set)
    for area in areas:
        measured[area["area_type"]] |= newest.get(area["area_id"], {}).keys()
    members = rows(con, "select group_id, area_id from area_membership where valid_to is null order by all")
    groups_of: dict[str, list[str]] = defaultdict(list)
    of_group: dict[str, list[str]] = defaultdict(list)
    for row in members:
        of_group[row["group_id"]].append(row["area_id"])
        groups_of[row["area_id"]].append(row["group_id"])
    similar = rows(con, _SIMILAR)
    return Tables(
        release=rows(con, "select * from release")[0],
        indicators={r["indicator_id"]: r for r in rows(con, "select * from indicator order by indicator_id")},
        # Groups of similar municipalities have neither values nor a page.
        areas={a["area_id"]: a for a in areas if a["area_id"] in newest},
        members=dict(of_group),
        groups_of=dict(groups_of),
        similar=by_key(similar, "area_id"),
        newest=dict(newest),
        measured=dict(measured),
        ranked=regional | ranked,
        by_indicator={name: by_key(rows(con, sql)) for name, sql in _BY_INDICATOR.items()},
        whole={name: rows(con, sql) for name, sql in _WHOLE.items()},
    )


# The neighbours of the default set in its newest year, nearest first.
_SIMILAR = """
    with usual as (
        select s.*, r.title_sv, max(s.year) over () as newest
        from similar_area as s join similar_recipe as r using (recipe_id) where r.is_default
    )
    select area_id, rank, similar_area_id, title_sv, year, distance_percentile from usual
    where year = newest order by all
"""


def cube(con: duckdb.DuckDBPyConnection, indicator_id: str) -> pl.DataFrame:
    """All values of one indicator: sex, area_id, year, value, lower_95, upper_95, in that order."""
    return con.execute(_CUBE, {"indicator": indicator_id}).pl()


def rows(con: duckdb.DuckDBPyConnection, sql: str, **parameters: object) -> list[Row]:
    """The rows of a query, by column."""
    result = con.execute(sql, parameters) if parameters else con.execute(sql)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def by_key(found: list[Row], key: str = "indicator_id") -> dict[str, list[Row]]:
    """Rows by one column, in their order."""
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in found:
        grouped[row[key]].append(row)
    return dict(grouped)
