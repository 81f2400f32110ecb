"""What is judged of a finished warehouse: controls that reconcile figures, and corrections that must still be needed.

Belongs here: reading what the models measured as check results. Does not belong here: measuring (`dbt_project`), or
refusing publication (`release`).
"""

from __future__ import annotations

import duckdb

from pipelines.vintages import CheckResult

_NAMED = 5  # values that are told by name when a correction is no longer needed


def warehouse_checks(con: duckdb.DuckDBPyConnection) -> list[CheckResult]:
    """The controls, then the corrections, of a finished build."""
    return control_checks(con) + correction_checks(con)


def control_checks(con: duckdb.DuckDBPyConnection) -> list[CheckResult]:
    """The reconciliations, from the build's control table: one result a control, with its worst figures."""
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


def correction_checks(con: duckdb.DuckDBPyConnection) -> list[CheckResult]:
    """One result a correction. It blocks when a value known now is no longer the wrong one that was expected.

    Then the source has mended its error, or the error is another: a person has to look. A correction that nothing known
    calls for (a typing error, or values that never came) is a warning.
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
    """The first values that are no longer the wrong ones: area, year, sex, expected (a number, or the rule), found."""
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
