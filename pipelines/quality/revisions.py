"""The queries that find implausible revisions and new years.

Belongs here: what makes a change of known figures implausible, each rule as one query over the tables that
`changes.py` prepares: `moved` (new or different rows), `known`, `came`, `breaks` and `limits_of`. Does not belong
here: running them and reporting the findings (`changes.py`), or the limits (`datasets.py`, `ChangeLimits`).

Names in double braces are limits, filled in for each series. A query returns the row, its series, area, year and sex,
the known and the new value, and the reason; queries for warnings return what their message needs.
"""

from __future__ import annotations

_MANY = 3  # revised values that make a year count as revised
_PAIRS = 20  # minimum changes from year to year for estimating a series' spread
_SMALL = 50  # persons

# Revised values with the known values of the same area in the year before and after; revised ones only, for speed.
BESIDE = """
create table revised as
select m.row, m.series_id, m.area_id, m.year, m.sex, m.old_value, m.new_value,
    case when b.value is null then a.value when a.value is null then b.value else (a.value + b.value) / 2 end as beside
from moved as m
    left join known as b
        on m.series_id = b.series_id and m.area_id = b.area_id and m.sex = b.sex and b.year = m.year - 1
    left join known as a
        on m.series_id = a.series_id and m.area_id = a.area_id and m.sex = a.sex and a.year = m.year + 1
where m.old_value is not null and m.new_value is not null
"""
_REVISED = "(select * from revised where row in (select row from moved))"
_ROW = "r.row, r.series_id, r.area_id, r.year, r.sex, r.old_value, r.new_value"
# A revision towards the years beside it corrects an error, however large the step.
_AWAY = "(beside is null or abs(new_value - beside) >= abs(old_value - beside))"

YEARS = f"""
with r as {_REVISED},
years as (
    select r.series_id, year, sex, count(*) as n,
        median(new_value / old_value) filter (where new_value * old_value > 0) as ratio,
        count(*) filter (where new_value * old_value < 0) as flipped,
        count(*) filter (where new_value = 0) as zeros,
        count(*) filter (where {_AWAY}) as away, any_value({{revised_year_factor}}) as most
    from r left join limits_of as l using (series_id) group by r.series_id, year, sex
),
known_years as (
    select series_id, year, sex, count(*) as n from known
    where value is not null and series_id in (select series_id from r) group by all
),
beyond as (
    select y.*, case when flipped > y.n / 2 then 'the year has another sign'
        when zeros > y.n / 2 then 'the year is zero'
        else printf('the year is %.3g times what was known', ratio) end as why
    from years as y join known_years as k using (series_id, year, sex)
    where y.n >= {_MANY} and y.n >= k.n / 2 and away >= y.n / 2
        and (flipped > y.n / 2 or zeros > y.n / 2 or ratio not between 1 / most and most)
)
select {_ROW}, b.why from r join beyond as b using (series_id, year, sex)
"""

# Area a has what b had, and another area has what a had: swapped or permuted values. Coarse numbers match by chance,
# so for those, at least half of the year's revisions have to be permuted.
SWAPS = f"""
with r as {_REVISED},
single as (
    select series_id, year, sex, value::float as value from known
    where value is not null and series_id in (select series_id from r) group by all having count(*) = 1
),
taken as (
    select a.row, b.row as other, b.area_id as of_area
    from r as a join r as b on a.series_id = b.series_id and a.year = b.year and a.sex = b.sex
        and a.new_value::float = b.old_value::float and a.area_id <> b.area_id
        join single as s on a.series_id = s.series_id and a.year = s.year and a.sex = s.sex
        and a.new_value::float = s.value
),
rounds as (
    select r.*, t.of_area, count(*) over (partition by r.series_id, r.year, r.sex) as moved_round
    from r join taken as t using (row) where r.row in (select other from taken)
),
years as (select series_id, year, sex, count(*) as n from r group by all)
select {_ROW}, 'the known value of ' || r.of_area
from rounds as r join years as y using (series_id, year, sex)
where case
    when new_value = 0 then false
    -- five digits or more that meet by chance: not in these numbers of areas
    when abs(new_value - round(new_value, 3 - floor(log10(abs(new_value)))::integer)) > 1e-9 * abs(new_value) then true
    else moved_round >= y.n / 2 and abs(new_value - old_value) > 0.05 * greatest(abs(new_value), abs(old_value))
end
"""

GROSS = f"""
with r as {_REVISED},
candidates as (
    select r.* from r left join limits_of as l using (series_id)
    where {_AWAY} and old_value <> 0
        and case when new_value * old_value > 0
            then abs(ln(new_value / old_value)) > ln({{revision_factor}}) else true end
),
series as (
    select series_id, avg((value < 0)::integer) as negative, avg((value > 0)::integer) as positive,
        avg((value = 0)::integer) as zero
    from known where value is not null and series_id in (select series_id from candidates) group by all
),
pairs as (
    select k.series_id, 1.4826 * median(abs(ln(k.value / b.value))) as spread, count(*) as n
    from known as k join known as b
        on k.series_id = b.series_id and k.area_id = b.area_id and k.sex = b.sex and b.year = k.year - 1
    where k.value * b.value > 0 and k.series_id in (select series_id from candidates)
    group by all
)
select {_ROW}, case when new_value = 0 then 'zero in a series without zeros'
        when new_value * old_value < 0 then 'another sign'
        else printf('%.3g times what was known', new_value / old_value) end
    || case when beside is null then '' else printf('; %.6g in the years beside', beside) end
from candidates as r join series as s using (series_id) left join pairs as p using (series_id)
    left join limits_of as l using (series_id)
where case
    when new_value = 0 then s.zero < 0.01
    when new_value * old_value < 0
        then least(s.negative, s.positive) < 0.01 or abs(new_value + old_value) <= 1e-9 * abs(old_value)
    else abs(ln(new_value / old_value))
        > greatest(ln({{revision_factor}}), case when p.n >= {_PAIRS} then {{revision_spreads}} * p.spread else 0 end)
end
"""

# New values of each series' two newest years, with the same area's year before: as known, else as delivered. A year in
# which hardly any area has a value is not the newest: a single stray row would exempt all others from these rules.
_PAIRED = """
fresh as (select * from moved where old_value is null and new_value is not null),
sizes as (
    select series_id, year, count(distinct area_id) as n from (
        select series_id, year, area_id from fresh
        union all
        select series_id, year, area_id from known
        where value is not null and series_id in (select series_id from fresh)
    ) group by all
),
newest as (
    select series_id, max(year) as newest
    from (select *, max(n) over (partition by series_id) as most from sizes) where n >= most / 10 group by all
),
paired as (
    select f.*, n.newest, coalesce(k.value, c.value) as before
    from fresh as f join newest as n using (series_id)
        left join known as k
            on f.series_id = k.series_id and f.area_id = k.area_id and f.sex = k.sex and k.year = f.year - 1
        left join came as c
            on f.series_id = c.series_id and f.area_id = c.area_id and f.sex = c.sex and c.year = f.year - 1
    where f.year >= n.newest - 1 and not exists (
        select 1 from breaks as b where b.series_id = f.series_id and b.year = f.year)
),
before as (
    select series_id, year + 1 as year, sex, count(*) as n from known
    where value is not null and series_id in (select series_id from fresh) group by all
),
ratios as (
    select p.series_id, p.year, p.sex, count(*) as n, any_value(b.n) as of_before,
        median(new_value / before) filter (where new_value * before > 0) as ratio,
        count(*) filter (where new_value * before < 0) as flipped, count(*) filter (where new_value = 0) as zeros,
        any_value({year_factor}) as most, any_value({year_told}) as told
    from paired as p left join before as b using (series_id, year, sex) left join limits_of as l using (series_id)
    where before <> 0 group by p.series_id, p.year, p.sex
),
whole as (select * from ratios where n >= coalesce(of_before, 0) / 2)
"""
NEW_YEARS = f"""
with {_PAIRED}
select {_ROW}, case when flipped > w.n / 2 then 'the year has another sign' when zeros > w.n / 2 then 'the year is zero'
    else printf('the year is %.3g times the year before', ratio) end
from fresh as r join whole as w using (series_id, year, sex)
where flipped > w.n / 2 or zeros > w.n / 2 or ratio not between 1 / most and most
"""
NEW_YEARS_TOLD = f"""
with {_PAIRED}
select series_id, year, ratio from (
    select distinct on (series_id, year) series_id, year, ratio from whole
    where ratio not between 1 / told and told order by series_id, year, abs(ln(ratio)) desc
) order by all
"""
JUMPS = f"""
with {_PAIRED},
far as (
    select p.* from paired as p left join limits_of as l using (series_id)
    where p.year >= p.newest and new_value * before > 0 and abs(ln(new_value / before)) > ln({{jump_factor}})
),
state as (
    select series_id, area_id, year, sex, value from known where series_id in (select series_id from far)
    union all
    select series_id, area_id, year, sex, value from came anti join known using (series_id, area_id, year, sex)
    where series_id in (select series_id from far)
),
pairs as (
    select k.series_id, 1.4826 * median(abs(ln(k.value / b.value))) as spread, count(*) as n
    from state as k join state as b
        on k.series_id = b.series_id and k.area_id = b.area_id and k.sex = b.sex and b.year = k.year - 1
        join newest as n on k.series_id = n.series_id
    where k.value * b.value > 0 and k.year < n.newest group by all
),
histories as (
    select f.row, median(s.value) as middle from far as f join state as s
        on f.series_id = s.series_id and f.area_id = s.area_id and f.sex = s.sex and s.year < f.year
    where s.value is not null group by all
)
select {_ROW}, printf('%.3g times the year before, %.6g', new_value / before, before)
from far as r join pairs as p using (series_id) join histories as h using (row)
    left join limits_of as l using (series_id)
where p.n >= {_PAIRS}
    -- If only the year before is far from the area's other years, it was that one which was wrong.
    and (new_value * middle <= 0 or abs(ln(abs(new_value / nullif(middle, 0)))) > ln({{jump_factor}}))
    and abs(ln(new_value / before)) > {{jump_spreads}} * p.spread
"""

# The values of the judged series as they would be known after the delivery.
_STATE = """
state as (
    select series_id, area_id, year, sex, value from came
    where value is not null and series_id in (select series_id from {judged})
    union all
    select series_id, area_id, year, sex, value from known anti join came using (series_id, area_id, year, sex)
    where value is not null and series_id in (select series_id from {judged})
)"""

# The rank order of areas persists from year to year. A year without it has its values at the wrong areas; one in
# which nearly every value repeats the year before is a copy; and areas never all have the same value.
ORDER = f"""
with {_PAIRED},
judged as (
    select series_id, year, sex from paired where before is not null
    group by all having count(*) >= {_PAIRS}
),
{_STATE.format(judged="judged")},
pairs as (
    select n.series_id, n.sex, n.year, n.value as value, b.value as before,
        rank() over (partition by n.series_id, n.sex, n.year order by n.value) as place,
        rank() over (partition by n.series_id, n.sex, n.year order by b.value) as place_before
    from state as n join state as b
        on n.series_id = b.series_id and n.area_id = b.area_id and n.sex = b.sex and b.year = n.year - 1
    where exists (select 1 from judged as j
        where j.series_id = n.series_id and j.sex = n.sex and n.year between j.year - 3 and j.year)
),
years as (
    select series_id, sex, year, corr(place, place_before) as likeness,
        avg((value = before and before <> 0)::integer) as same,
        count(distinct value) as kinds, count(distinct before) as kinds_before
    from pairs group by all having count(*) >= {_PAIRS}
),
usual as (
    select *, median(likeness) over (
        partition by series_id, sex order by year range between 3 preceding and 1 preceding) as likeness_before,
        max(same) over (
            partition by series_id, sex order by year range between 3 preceding and 1 preceding) as same_before
    from years
),
beyond as (
    select u.series_id, u.sex, u.year, case
            when kinds = 1 and kinds_before > 1 then 'all areas have one value'
            when same >= {{same_share}} and same_before < {{same_share}} / 2
                then printf('%.0f per cent of the values are those of the year before', 100 * same)
            when likeness_before >= {{order_least}} and likeness < {{order_share}} * likeness_before
                then printf('the order of the areas is not that of the year before (rank correlation %.2f, '
                    || 'usually %.2f)', likeness, likeness_before)
        end as why
    from usual as u join judged using (series_id, sex, year) left join limits_of as l using (series_id)
)
select {_ROW}, b.why from fresh as r join beyond as b using (series_id, sex, year) where b.why is not null
"""

# The total, women and men of each area and year in one row.
_WIDE = """
    select series_id, area_id, year, max(value) filter (where sex = 'T') as of_all,
        max(value) filter (where sex = 'K') as women, max(value) filter (where sex = 'M') as men
    from {values} group by all having count(*) = 3
"""
_KNOWN = "known where value is not null and series_id in (select series_id from touched)"

# The total lies between women and men, or is their sum: as in the known series, else as in the delivery.
SEXES = f"""
with touched as (select distinct series_id, area_id, year from moved where new_value is not null),
{_STATE.format(judged="touched")},
wide as ({_WIDE.format(values="state")}),
wide_before as ({_WIDE.format(values=_KNOWN)}),
basis as (
    select * from wide_before
    union all
    select * from wide where series_id not in (select series_id from wide_before)
),
kinds as (
    select series_id,
        avg((of_all + 0.02 * abs(of_all) >= least(women, men)
            and of_all - 0.02 * abs(of_all) <= greatest(women, men))::integer) as between_them,
        -- A whole number of persons may be rounded by one; a share of less than one is no sum for being near it.
        avg((abs(of_all - women - men)
            <= 0.01 * abs(of_all) + case when abs(of_all) < 20 then 0 else 1 end)::integer) as their_sum
    from basis group by all having count(*) >= {_PAIRS}
),
against as (
    select w.*, printf('all %.6g, women %.6g, men %.6g', of_all, women, men) as why
    from wide as w join touched using (series_id, area_id, year) join kinds as k using (series_id)
        left join limits_of as l using (series_id)
    where case
        -- Publishers add a little chance to small numbers, so that nobody can be found: those need not add up.
        when their_sum >= 0.9 then abs(of_all - women - men) > greatest({_SMALL}, 0.5 * abs(of_all))
        when between_them >= 0.9 and least(women, men) > 0
            then of_all < least(women, men) / {{sexes_factor}} or of_all > greatest(women, men) * {{sexes_factor}}
        else false
    end
)
select {_ROW}, a.why from moved as r join against as a using (series_id, area_id, year) where r.new_value is not null
"""

AHEAD = f"""
select {_ROW}, 'the year had not begun when this was fetched' from moved as r
where year > {{this_year}} and new_value is not null
"""

WITHDRAWN = """
select m.series_id, m.year, count(distinct m.area_id) as n from moved as m left join limits_of as l using (series_id)
where m.old_value is not null and m.is_marked
group by all having count(distinct m.area_id) > any_value({lost_newest_areas}) order by all
"""

LARGE = f"""
select r.series_id, area_id, year, sex, old_value, new_value, count(*) over () as number
from {_REVISED} as r left join limits_of as l using (series_id)
where case when new_value * old_value > 0 then abs(ln(new_value / old_value)) > ln({{revision_told}}) else true end
order by case when new_value * old_value > 0 then abs(ln(new_value / old_value)) else 99 end desc,
    1, 3 desc, 2, 4 limit ?
"""

SERIES = f"""
with r as {_REVISED},
of_series as (
    select series_id, count(*) as n from known
    where value is not null and series_id in (select series_id from r) group by all
)
select r.series_id, count(*), any_value(o.n), avg((new_value > old_value)::integer),
    coalesce(median(100 * (new_value / nullif(old_value, 0) - 1)), 0),
    coalesce(arg_max(100 * (new_value / nullif(old_value, 0) - 1), abs(new_value / nullif(old_value, 0) - 1)), 0)
from r join of_series as o using (series_id) left join limits_of as l using (series_id)
group by r.series_id
having count(*) >= {_MANY} and count(*) >= any_value({{revised_share_told}}) * any_value(o.n) order by 1
"""
