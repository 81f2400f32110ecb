"""Checks of a finished warehouse: reconciliations, weights, corrections that must still be needed, cautions.

Belongs here: turning what the models measured into check results. Does not belong here: measuring (`dbt_project`), or
refusing publication (`release`).
"""

from __future__ import annotations

import duckdb

from pipelines.storage.vintages import CheckResult

_NAMED = 5  # maximum values in the message when a correction is no longer needed


def warehouse_checks(con: duckdb.DuckDBPyConnection) -> list[CheckResult]:
    """All checks of a finished build, its release attached as `release`: controls, weights, corrections, cautions."""
    return control_checks(con) + weight_checks(con) + correction_checks(con) + caution_checks(con)


def control_checks(con: duckdb.DuckDBPyConnection) -> list[CheckResult]:
    """The reconciliations from the build's control table: one result for each control, with its largest deviations."""
    rows = con.execute(
        """
        select c.control_id, c.title_sv, c.tolerance, count(m.year), count(m.year) filter (where not m.holds)
        from declared.control as c left join intermediate.int_control__measured as m using (control_id)
        group by all order by c.control_id
        """
    ).fetchall()
    worst = con.execute(
        """
        select control_id, string_agg(
            format('{} {}: expected {}, found {} ({:+.3g} %)', year, area_id, round(expected, 1), round(found, 1),
                100 * relative_difference), '; ' order by abs(relative_difference) desc, year, area_id)
        from (
            select *, row_number() over (
                partition by control_id order by abs(relative_difference) desc, year, area_id) as place
            from intermediate.int_control__measured
        ) where place <= 3 group by control_id
        """
    ).fetchall()
    samples = {str(control): str(text) for control, text in worst}
    return [
        CheckResult(
            check_id=f"control.{control}",
            level="warn",
            subject=str(title),
            passed=bool(measured) and not broken,
            expected=f"within {100 * tolerance:g} %",
            found=f"{broken} of {measured} comparisons outside" if measured else "nothing to compare",
            sample=samples.get(str(control), ""),
        )
        for control, title, tolerance, measured, broken in rows
    ]


def weight_checks(con: duckdb.DuckDBPyConnection) -> list[CheckResult]:
    """Whether the weight of every weighted group value gives the nation its own value, or it is known why it does not.

    Where it is not known, the groups' values carry the caution `weight_unreconciled`.
    """
    verdicts: dict[str, int] = dict(
        con.execute("select verdict, count(*) from intermediate.int_weight__measured group by verdict").fetchall()
    )
    worst = con.execute(
        """
        select indicator_id, year, sex, expected, found, relative_difference from intermediate.int_weight__measured
        where verdict in ('unexplained', 'unweighted_mean')
        order by abs(relative_difference) desc, indicator_id, year, sex limit ?
        """,
        [_NAMED],
    ).fetchall()
    unexplained = verdicts.get("unexplained", 0) + verdicts.get("unweighted_mean", 0)
    return [
        CheckResult(
            check_id="weight.reconciled",
            level="warn",
            subject="warehouse",
            passed=not unexplained,
            expected="the nation's own value from the municipalities' weighted ones, or a known reason why not",
            found=f"{unexplained} of {sum(verdicts.values()) - verdicts.get('no_national_value', 0)} without one",
            sample="; ".join(
                f"{indicator} {year} {sex}: expected {_told(expected)}, found {_told(found)} ({100 * off:+.3g} %)"
                for indicator, year, sex, expected, found, off in worst
            ),
        )
    ]


def correction_checks(con: duckdb.DuckDBPyConnection) -> list[CheckResult]:
    """One result for each correction. It blocks when a value known now is not the wrong one that was expected.

    Then the source has fixed its error, or the error is another: a person has to look. A correction that no known
    value matches (a typing error, or values that never arrived) is a warning.
    """
    rows = con.execute(
        """
        select c.correction_id, c.indicators, c.dataset, c.series, c.expected,
            count(*) filter (where j.is_wrong and j.known_to is null), count(*) filter (where not j.stands)
        from declared.correction as c left join intermediate.int_correction__judged as j using (correction_id)
        group by all order by c.correction_id
        """
    ).fetchall()
    return [_correction_check(con, *row) for row in rows]


def _correction_check(
    con: duckdb.DuckDBPyConnection,
    correction: str,
    indicators: str,
    dataset: str,
    series: str,
    wrong: str,
    corrected: int,
    mended: int,
) -> CheckResult:
    found = f"{corrected} values known now are the wrong ones" if corrected else "nothing known to correct"
    if mended:
        found = f"the source has mended {mended} values of {indicators} ({dataset} {series})"
    remedy = f"; if so, remove the correction {correction}" if mended else ""
    return CheckResult(
        check_id=f"correction.{correction}",
        level="block" if corrected or mended else "warn",
        subject="warehouse",
        passed=bool(corrected) and not mended,
        expected=f"the source's error to stand: {wrong}{remedy}",
        found=found,
        sample=_mended(con, correction, wrong) if mended else "",
    )


def _mended(con: duckdb.DuckDBPyConnection, correction: str, wrong: str) -> str:
    """The first values that are not the expected wrong ones: area, year, sex, expected (a number, or the rule),
    found.
    """
    rows = con.execute(
        """
        select area_id, year, sex, expected, value from intermediate.int_correction__judged
        where correction_id = ? and not stands order by year desc, area_id, sex limit ?
        """,
        [correction, _NAMED],
    ).fetchall()
    return "; ".join(
        f"{area} {year} {sex}: expected {wrong if expected is None else _told(expected)}, found {_told(value)}"
        for area, year, sex, expected, value in rows
    )


def _told(value: float | None) -> str:
    return "no value" if value is None else f"{value:.15g}"


# The municipalities of each indicator's newest year, how many carry a caution, and the most frequent caution.
_NEWEST_YEARS = """
    with told as (
        -- What a declared coverage holds back is foreseen; too much of it shows in the table coverage.
        select o.indicator_id, o.year, nullif(o.caution, 'low_coverage') as caution
        from release.observation as o join release.area as a on o.area_id = a.area_id
        join declared.indicator as i on o.indicator_id = i.indicator_id and i.curated
        where o.value is not null and o.sex = 'T' and a.area_type = 'municipality'
    ),
    newest as (select indicator_id, max(year) as year from told group by indicator_id),
    counted as (
        select told.indicator_id, newest.year, count(*) as n, count(caution) as doubted, mode(caution) as caution
        from told join newest on told.indicator_id = newest.indicator_id and told.year = newest.year
        group by told.indicator_id, newest.year
    )
    select c.indicator_id, c.year, c.n, c.doubted, c.caution, i.source_id, i.source_series
    from counted as c join release.indicator as i on c.indicator_id = i.indicator_id
    cross join declared.caution_limit as l
    where c.doubted > greatest(l.most_of_newest_year * c.n, 2)
    order by c.doubted desc, c.indicator_id
"""


def caution_checks(con: duckdb.DuckDBPyConnection) -> list[CheckResult]:
    """Limits on the share of cautions per newest year of an indicator and in all: more indicate a fault, not
    outliers. What is uncurated is not counted: it must not stop what is curated.
    """
    newest_share, release_share = con.execute(
        "select most_of_newest_year, most_of_release from declared.caution_limit"
    ).fetchall()[0]
    too_many = con.execute(_NEWEST_YEARS).fetchall()
    ((values, doubted),) = con.execute(
        "select count(value), count(case when value is not null then caution end) from release.observation "
        "where indicator_id in (select indicator_id from declared.indicator where curated)"
    ).fetchall()
    named = "; ".join(
        f"{indicator} {year}: {n} of {of_n} {caution} ({source} {series})"
        for indicator, year, of_n, n, caution, source, series in too_many[:_NAMED]
    )
    return [
        CheckResult(
            check_id="caution.newest_year",
            level="block",
            subject="warehouse",
            passed=not too_many,
            expected=f"at most {newest_share:.0%} of the municipalities of an indicator's newest year with a caution",
            found=f"{len(too_many)} indicators with more",
            sample=named,
        ),
        CheckResult(
            check_id="caution.release",
            level="block",
            subject="warehouse",
            passed=doubted <= release_share * values,
            expected=f"at most {release_share:.1%} of all values with a caution",
            found=f"{doubted} of {values} values",
        ),
    ]
