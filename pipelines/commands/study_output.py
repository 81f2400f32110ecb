"""Terminal output about studies and about an area's timeline, gathered from a release.

Belongs here: queries and layout of `nyckeltal study` and `nyckeltal timeline`. Does not belong here: estimating
(`indicators/statistics`), arguments (`study.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from indicators.model import words
from indicators.model.registers import Neighbours
from indicators.model.study import Study
from indicators.statistics.effect_words import difference_unit, robustness
from indicators.tables.effects import EFFECT_TABLES
from pipelines.commands import terminal
from pipelines.commands.indicator_output import no_such_indicator
from pipelines.errors import UsageError
from pipelines.reading import reader
from pipelines.text.suggestions import names_near
from pipelines.text.swedish_numbers import chance, effect_decimals, number, signed

_MARKED = ("level_change", "slope_change", "effect_per_dose")  # estimands that are spelled out in their rows
_STUDY = "select * from study where study_id = $1"
_EVENTS = """
    select e.title_sv, e.earliest, e.latest, e.date_precision, e.ended_by, e.status
    from study_event as s join reform_event as e on s.event_id = e.event_id
    where s.study_id = $1 order by e.earliest, e.event_id
"""
_FINDINGS = """
    select f.title_sv, f.found_by from finding_study as s join finding as f on s.finding_id = f.finding_id
    where s.study_id = $1 order by f.finding_id
"""
_GAPS = "select gap_id, could_provide_sv from data_gap"
_NAMES = "select area_id as id, name from area union all select indicator_id, title_sv from indicator"
_OF_AREA = """
    with of_area as (
        select $1 as area_id
        union select group_id from area_membership where area_id = $1 and valid_to is null
        union select region_id from area where area_id = $1 and region_id is not null
        union select '0000'
    )
    select distinct e.event_id, e.title_sv, e.earliest, e.latest, e.date_precision, e.ended_by, e.status, e.kind
    from reform_event as e
    join reform_event_area as a on e.event_id = a.event_id
    join of_area as o on a.area_id = o.area_id
    order by e.earliest, e.event_id
"""
_FOLLOWED = """
    with moved as (
        select distinct x.indicator_id from reform_event_indicator as x where list_contains($events, x.event_id)
    ),
    valued as (
        select m.indicator_id, i.theme, count(*) as n from moved as m
        join indicator as i on m.indicator_id = i.indicator_id
        join observation as o on m.indicator_id = o.indicator_id
        where o.area_id = $area and o.sex = 'T' and o.value is not null group by all
    )
    select indicator_id from valued
    order by row_number() over (partition by theme order by n desc, indicator_id), theme limit 4
"""
_VALUES = """
    select o.indicator_id, i.title_sv, i.unit, i.decimals, o.year, o.value, o.caution, o.break_before
    from observation as o join indicator as i on o.indicator_id = i.indicator_id
    where o.area_id = $area and o.sex = 'T' and o.year >= $since
        and list_contains($indicators, o.indicator_id)
    order by o.indicator_id, o.year
"""


_KNOWN = "from indicator"  # select *: earlier releases lack some columns
_MARK = "!"  # marks a value with a caution; the caution is spelled out below the table
_FIXED = "select indicator_id, price_basis from indicator where price_basis like 'fasta priser%' order by 1"


def list_studies(folder: Path) -> pl.DataFrame:
    """Every study of a release, with the number of its estimates, how many could not be made, and why."""
    found = reader.query(
        folder,
        "select s.study_id, s.title_sv, count(e.estimate) as estimates, "
        "count(*) filter (where e.is_significant) as significant, count(e.not_estimable_reason) as not_estimable, "
        "string_agg(distinct e.not_estimable_reason, ', ' order by e.not_estimable_reason) as reasons "
        "from study as s left join effect_estimate as e on s.study_id = e.study_id group by all order by s.study_id",
    )
    concluded = reader.query(folder, "select * from study_conclusion") if "study_conclusion" in _held(folder) else found
    if "status" not in concluded.columns:  # earlier releases lack it
        return found
    return found.join(concluded.select("study_id", "status"), on="study_id", how="left").select(
        "study_id", "status", pl.exclude("study_id", "status")
    )


def study_in_release(folder: Path, study_id: str) -> dict[str, Any]:
    """A study with the estimates that the release holds.

    Raises:
        UsageError: the release has no such study.
    """
    told, held = _study(folder, study_id), _held(folder)
    for name, of in EFFECT_TABLES.items():
        query = f"select * from {name} where study_id = $1 order by {', '.join(of.key)}"
        # Earlier releases lack a table.
        told[name] = (
            reader.query(folder, query, [study_id]) if name in held else pl.DataFrame({c: [] for c in of.columns})
        )
    return told


def study_run_now(folder: Path, study: Study, neighbours: Iterable[Neighbours]) -> dict[str, Any]:
    """Run a study on the figures of a release; nothing is written.

    Raises:
        UsageError: the release has no such study.
    """
    from pipelines.warehouse.effect_studies import run_studies  # noqa: PLC0415 - loads statistics' libraries

    told = _study(folder, study.study_id)
    with reader.open_release(folder) as con:
        return told | run_studies(con, [study], neighbours)


def _held(folder: Path) -> set[str]:
    """The tables of a release; earlier ones lack some."""
    with reader.open_release(folder) as con:
        return {row[0] for row in con.execute("select table_name from information_schema.tables").fetchall()}


def _study(folder: Path, study_id: str) -> dict[str, Any]:
    found = reader.query(folder, _STUDY, [study_id]).to_dicts()
    if not found:
        known = reader.query(folder, "select study_id from study order by 1")["study_id"].to_list()
        near = names_near(study_id, known)
        remedy = f"did you mean {', '.join(near)}?" if near else ""
        raise UsageError("there is no such study", expected=", ".join(known), found=study_id, remedy=remedy)
    return {
        "study": found[0],
        "events": reader.query(folder, _EVENTS, [study_id]),
        "findings": reader.query(folder, _FINDINGS, [study_id]),
        "could_provide": dict(reader.query(folder, _GAPS).rows()),
        "names": dict(reader.query(folder, _NAMES).rows()),
        "price_basis": dict(reader.query(folder, _FIXED).rows()),
    }


def tell_study(told: dict[str, Any]) -> None:
    """Print a study: question, design, results, caveats."""
    study, names = told["study"], told["names"]
    terminal.out.print(f"[bold]{study['title_sv']}[/bold] ({study['study_id']})")
    for conclusion in told["study_conclusion"]["conclusion_sv"].to_list():
        terminal.out.print(f"[bold]Slutsats[/bold] {conclusion}", soft_wrap=True)
    for head, text in (("Fråga", "question_sv"), ("Upplägg", "design_sv"), ("Undantag", "exclusions_sv")):
        terminal.out.print(f"[bold]{head}[/bold] {study[text]}", soft_wrap=True)
    terminal.out.print("[bold]Händelser[/bold]")
    for event in told["events"].to_dicts():
        terminal.out.print(
            f"  {words.when(event)}  {event['title_sv']} ({words.EVENT_STATUSES[event['status']]})",
            markup=False,
            soft_wrap=True,
        )
    estimates = told["effect_estimate"]
    used = {part for ids in estimates["indicator_id"] for part in re.findall(r"\w+", ids)}
    for basis in sorted({told["price_basis"][part] for part in used & told["price_basis"].keys()}):
        terminal.out.print(f"[bold]Belopp[/bold] {basis}", soft_wrap=True)
    for (analysis_id, method), rows in estimates.group_by(["analysis_id", "method"], maintain_order=True):
        _tell_analysis(f"{words.METHODS[str(method)]} ({analysis_id})", rows, names)
        _tell_sensitivity(rows, told["effect_sensitivity"].filter(pl.col("analysis_id") == analysis_id), names)
        _tell_series(told["effect_series"].filter(pl.col("analysis_id") == analysis_id), rows, names)
    _tell_needs(told)
    terminal.out.print("[bold]Att hålla i minnet[/bold]")
    for caveat in study["caveats_sv"].splitlines():
        terminal.out.print(f"  • {caveat}", markup=False, soft_wrap=True)
    for finding in told["findings"].to_dicts():
        terminal.out.print(
            f"[bold]Andra har funnit[/bold] {finding['title_sv']} ({finding['found_by']})", soft_wrap=True
        )


def _tell_analysis(title: str, rows: pl.DataFrame, names: dict[str, str]) -> None:
    table = terminal.grid(title)
    for head in ("område", "mått"):
        table.add_column(head, key=True)
    for head in ("skattning", "95 %", "p", "placebo", "år"):
        table.add_column(head, right=True)
    table.add_column("utslag")
    warnings: dict[str, None] = {}
    for row in sorted(rows.to_dicts(), key=lambda row: row["area_id"].isdigit()):  # groups first
        estimand = words.ESTIMANDS[row["estimand"]] if row["estimand"] in _MARKED else ""
        estimates = rows.filter(indicator_id=row["indicator_id"])["estimate"]
        decimals = effect_decimals(estimates, row["lower_95"], row["upper_95"])
        indicator = words.paid_together(row["indicator_id"], names)
        table.add_row(
            ", ".join(names.get(part, part) for part in row["area_id"].split(", ")),
            f"{indicator} ({estimand})" if estimand else indicator,
            signed(row["estimate"], decimals),
            _interval(row, decimals),
            chance(row["p_value"] if row["p_placebo"] is None else row["p_placebo"]),
            "–" if row["placebo_rank"] is None else f"nr {row['placebo_rank']} av {number(row['placebo_of_n'])}",
            "–" if row["years_before"] is None else f"{row['years_before']} + {row['years_after']}",
            row["verdict_sv"],
        )
        warnings |= dict.fromkeys((row["warnings_sv"] or "").splitlines())
    terminal.out.print(table)
    if rows["placebo_rank"].drop_nulls().len():
        terminal.out.print("  placebo: platsen bland alla prövade fall, 1 är det mest avvikande", markup=False)
    for row in rows.filter(pl.col("minimal_effect").is_finite()).to_dicts() if "minimal_effect" in rows.columns else ():
        if not row["area_id"].isdigit() or row["estimand"] in _MARKED:
            terminal.out.print(f"  {_power(row, names)}", markup=False, soft_wrap=True)
    for warning in warnings:
        terminal.out.print(f"  Obs: {warning}", markup=False, soft_wrap=True)


def _tell_needs(told: dict[str, Any]) -> None:
    """Print what the study would need to answer what no figure answers, and who could give it."""
    needs = told["study_need"].to_dicts()
    if needs:
        terminal.out.print("[bold]Vad som skulle behövas[/bold]")
    for need in needs:
        proxy = told["names"].get(need["proxy_indicator_id"], need["proxy_indicator_id"])
        given = [part for gap in need["data_gaps"].split(", ") for part in told["could_provide"][gap].split("; ")]
        for line in (
            f"• {need['what_sv']}",
            f"  {need['figures_sv']} ({words.COLLECTABLE[need['collectable']].capitalize()}.)",
            f"  {need['needed_sv']}",
            f"  Räknat på: {proxy}. {need['proxy_because_sv']}",
            f"  Kan ge dem: {'; '.join(dict.fromkeys(given))}.",
        ):
            terminal.out.print(f"  {line}", markup=False, soft_wrap=True)


def _power(row: dict[str, Any], names: dict[str, str]) -> str:
    """What an analysis could have found, in the unit of its estimate."""
    least = number(row["minimal_effect"], effect_decimals([row["minimal_effect"]], None, None))
    whole = words.paid_together(row["indicator_id"], names)
    return f"{whole}: kunde ha upptäckt en effekt på minst {least} {difference_unit(row['unit'])} (i fyra fall av fem)"


def _tell_sensitivity(rows: pl.DataFrame, sensitivity: pl.DataFrame, names: dict[str, str]) -> None:
    """Print how unequal trends each estimate of an event study bears, and its interval where they may go on so."""
    if "breakdown" not in rows.columns:  # earlier releases
        return
    for row in rows.filter(pl.col("breakdown").is_not_null()).to_dicts():
        same = pl.all_horizontal(pl.col(key) == row[key] for key in ("indicator_id", "area_id"))
        at_one = sensitivity.filter(same & (pl.col("magnitude") == 1)).row(0, named=True)
        decimals = effect_decimals([at_one["estimate"]], at_one["lower_95"], at_one["upper_95"])
        whole = words.paid_together(row["indicator_id"], names)
        terminal.out.print(
            f"  {whole}: {robustness(row['breakdown'])} Med lika stor avvikelse som då: {_interval(at_one, decimals)}.",
            markup=False,
            soft_wrap=True,
        )


def _tell_series(series: pl.DataFrame, rows: pl.DataFrame, names: dict[str, str]) -> None:
    """Print observed and counterfactual values of the analysis' first estimable area, if it has both."""
    with_both = series.filter(pl.col("counterfactual").is_not_null())
    whole = [area for area in rows["area_id"].to_list() if not area.isdigit()]
    areas = [area for area in [*whole, *rows["area_id"].to_list()] if area in with_both["area_id"]]
    if not areas:
        return
    whole_series = with_both.filter(
        (pl.col("area_id") == areas[0]) & (pl.col("indicator_id") == with_both["indicator_id"][0])
    )
    shown = whole_series.tail(8)
    indicator = words.paid_together(shown["indicator_id"][0], names)
    terminal.out.print(indicator, markup=False, soft_wrap=True)
    table = terminal.grid(f"{names.get(areas[0], areas[0])}, år för år")
    for head in ("år", "verklig", "utan förändringen", "skillnad", "95 %"):
        table.add_column(head, right=True, key=head == "år")
    for row in shown.to_dicts():
        decimals = effect_decimals(whole_series["observed"], row["lower_95"], row["upper_95"])
        table.add_row(
            str(row["year"]) + ("*" if row["is_after"] else ""),
            number(row["observed"], decimals),
            number(row["counterfactual"], decimals),
            signed(row["gap"], decimals),
            _interval(row, decimals),
        )
    terminal.out.print(table)
    terminal.out.print("  * räknas som efter")


def _interval(row: dict[str, Any], decimals: int) -> str:
    low, high = row["lower_95"], row["upper_95"]
    return "–" if low is None else f"{signed(low, decimals)} till {signed(high, decimals)}"


def timeline(folder: Path, area: str, indicators: list[str], since: int) -> dict[str, Any]:
    """The events that concern an area (its groups, region and nation included) and its values, year by year.

    Raises:
        UsageError: no such area, or an indicator that is not known.
    """
    area_id, name = reader.find_area(folder, area)
    events = reader.query(folder, _OF_AREA, [area_id]).filter(pl.col("latest").dt.year() >= since)
    if not indicators:
        with reader.open_release(folder) as con:
            chosen = {"events": events["event_id"].to_list(), "area": area_id}
            indicators = [row[0] for row in con.execute(_FOLLOWED, chosen).fetchall()]
    known = {row["indicator_id"]: row for row in reader.query(folder, _KNOWN).to_dicts()}
    for wanted in indicators:
        if wanted not in known:
            raise no_such_indicator(wanted, known)
    with reader.open_release(folder) as con:
        parameters = {"area": area_id, "since": since, "indicators": indicators}
        values = con.execute(_VALUES, parameters).pl()
    return {
        "area_id": area_id, "name": name, "since": since, "events": events, "values": values, "indicators": indicators,
        "about": {
            indicator: {name: known[indicator].get(name) for name in ("title_sv", "unit", "no_values_sv")}
            for indicator in indicators
        },
    }  # fmt: skip


def tell_timeline(told: dict[str, Any]) -> None:
    """Print years as rows: events at the left, values at the right."""
    events, values = told["events"].to_dicts(), told["values"]
    area = f"{told['name']} ({told['area_id']})"
    if not events:
        terminal.out.print(
            f"Ingen händelse som är registrerad rör {area} från {told['since']} och framåt.", markup=False
        )
    for about in told["about"].values():
        if about["no_values_sv"]:
            terminal.out.print(f"{about['title_sv']}: {about['no_values_sv']}.", markup=False, soft_wrap=True)
    if values["value"].drop_nulls().is_empty():
        terminal.out.print(f"{area} har inga värden av de valda nyckeltalen från {told['since']}.", markup=False)
    if not events and values.is_empty():
        return
    years = sorted({*(e["earliest"].year for e in events), *values["year"].to_list()})
    by_cell = {(row["indicator_id"], row["year"]): row for row in values.to_dicts()}
    table = terminal.grid(f"{told['name']} ({told['area_id']})")
    table.add_column("år", whole=True, key=True)
    table.add_column("händelser")
    for indicator in told["indicators"]:
        about = told["about"][indicator]
        table.add_column(f"{about['title_sv']} [{about['unit']}]", right=True)
    for year in years:
        told_events = [f"{words.when(e)} {e['title_sv']}" for e in events if e["earliest"].year == year]
        cells = [_cell(by_cell.get((indicator, year))) for indicator in told["indicators"]]
        table.add_row(str(year), "\n".join(told_events), *cells)
    terminal.out.print(table)
    if any(row["break_before"] for row in by_cell.values()):
        terminal.out.print("  | före värdet: serien bytte innehåll och jämförs inte bakåt")
    for line in _cautions_told(by_cell.values()):
        terminal.out.print(f"  {_MARK} {line}", markup=False, soft_wrap=True)


def _cautions_told(rows: Iterable[dict[str, Any]]) -> list[str]:
    """Each caution with its indicator and years; values that were withheld because of it are listed apart."""
    years: dict[tuple[str, str, bool], list[str]] = {}
    for row in rows:
        if row["caution"]:
            key = (row["title_sv"], row["caution"], row["value"] is None)
            years.setdefault(key, []).append(str(row["year"]))
    return [
        f"{title} {', '.join(of)}: {'inte publicerat' if is_missing else 'varning'}, "
        f"{words.said(words.CAUTIONS, caution)}"
        for (title, caution, is_missing), of in years.items()
    ]


def _cell(row: dict[str, Any] | None) -> str:
    if row is None:
        return "–"
    told = ("| " if row["break_before"] else "") + number(row["value"], row["decimals"])
    return f"{told} {_MARK}" if row["caution"] else told
