"""How a new schema takes the place of the old one: in one transaction, while nobody is in the middle of reading.

Belongs here: the swap, what it waits for, and what may be removed. Does not belong here: what the schemas hold.

The swap has every table and view of the old schema for itself for a moment. So it waits for each transaction that has
read any of them, and such a transaction reads one release from beginning to end. It asks for short whiles only, and
lets others through in between: a reader is held up for less than a second, and is never ended for the swap's sake.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import psycopg
from psycopg import errors
from psycopg.sql import SQL, Identifier, Literal

from pipelines.errors import NyckeltalError, UsageError
from pipelines.publish.session import Session

_MARK = re.compile(r"Nyckeltal, release (\S+)\.")
_LONGEST_HOLD_MS = 800
_POLITE_TRIES = 3  # at first only what is free is taken, and nobody is held up at all
_PAUSE = 0.25  # seconds in which readers get through
# Takes the tables one by one; the table that could not be had is told, so that the next try can begin with it.
_TAKE = """
do $do$
declare taken text;
begin
    foreach taken in array {}::text[] loop
        execute 'lock table ' || taken || ' in access exclusive mode';
    end loop;
exception when lock_not_available or query_canceled or deadlock_detected then
    raise exception using errcode = 'lock_not_available', message = 'held by a reader', table = taken;
end $do$
"""


class HeldError(NyckeltalError):
    """Readers held a schema for longer than they are waited for."""


def mark(release_id: str) -> str:
    """The comment on a schema that says that it is ours, and may be replaced."""
    return f"Nyckeltal, release {release_id}. Skrivs om i sin helhet vid varje publicering: lägg inget eget här."


def standing(con: Session, schema: str) -> str | None:
    """The release that a schema holds; None where there is no such schema, or an empty one.

    Raises:
        UsageError: the schema holds something that was not published from here.
    """
    found = con.execute(
        """
        select coalesce(obj_description(n.oid, 'pg_namespace'), ''),
            exists (select from pg_class where relnamespace = n.oid)
            or exists (select from pg_proc where pronamespace = n.oid)
        from pg_namespace as n where n.nspname = %s
        """,
        [schema],
    ).fetchone()
    comment, is_used = found or ("", False)
    marked = _MARK.match(str(comment))
    if is_used and not marked:
        raise UsageError(
            "the schema holds something that was not published from here, and would be replaced",
            where=f"{con.info.dbname}, schema {schema}",
            remedy="choose another name with --schema",
        )
    return marked[1] if marked else None


def clear(con: Session, schema: str, wait_seconds: float) -> None:
    """Remove a schema that was written from here; nothing where there is none.

    Raises:
        HeldError: somebody held it for all of `wait_seconds`.
    """
    if standing(con, schema):
        _alone_with(con, schema, wait_seconds, lambda: _drop(con, schema))


def swap(con: Session, new: str, schema: str, old: str, wait_seconds: float) -> None:
    """Give `new` the name `schema`, and `old` to what had it, in one transaction.

    Raises:
        HeldError: readers held it for all of `wait_seconds`; it stands.
        psycopg.errors.DependentObjectsStillExist: something outside is built on it; it stands.
    """

    def rename() -> None:
        with con.transaction() as trial:  # the server itself says whether the old one could be removed
            _drop(con, schema)
            raise psycopg.Rollback(trial)
        if _exists(con, schema):
            con.execute(SQL("alter schema {} rename to {}").format(Identifier(schema), Identifier(old)))
        con.execute(SQL("alter schema {} rename to {}").format(Identifier(new), Identifier(schema)))

    _alone_with(con, schema, wait_seconds, rename)


def _alone_with(con: Session, schema: str, wait_seconds: float, act: Callable[[], None]) -> None:
    """Do something in a transaction that has a schema's tables and views for itself.

    A try that meets a reader begins, the next time, with what that reader held: whoever comes then waits before it has
    read anything, instead of holding one table while it waits for another.
    """
    names = [str(name) for (name,) in con.execute(_RELATIONS, [schema]).fetchall()]
    deadline, patience = time.monotonic() + wait_seconds, _patience(con)
    tries = 0
    while True:
        try:
            with con.transaction():
                con.execute(SQL("set local lock_timeout to {}").format(Literal(10 if tries < _POLITE_TRIES else 0)))
                con.execute(SQL("set local statement_timeout to {}").format(Literal(patience)))
                con.execute(SQL(_TAKE).format(Literal(names)))
                act()
            return
        except errors.LockNotAvailable as error:
            if time.monotonic() >= deadline:
                raise _held(con, schema, wait_seconds) from None
            held = error.diag.table_name
            names.sort(key=lambda name: name != held)
        tries += 1
        time.sleep(_PAUSE)


# Tables before views (a view's lock takes its tables' too, and would hide which of them is held), and first of all the
# one that a careful reader begins with.
_RELATIONS = """
    select c.oid::regclass::text from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'v') and n.nspname = %s order by c.relname <> 'release', c.relkind, 1
"""


def _patience(con: Session) -> int:
    """Milliseconds to ask for the tables: shorter than the server's wait before it ends a deadlock, so that where two
    wait for each other it is never the reader that is ended."""
    found = con.execute("select setting::int from pg_settings where name = 'deadlock_timeout'").fetchone()
    return min(_LONGEST_HOLD_MS, int(str(found[0])) * 8 // 10) if found else _LONGEST_HOLD_MS


def _exists(con: Session, schema: str) -> bool:
    return bool(con.execute("select 1 from pg_namespace where nspname = %s", [schema]).fetchone())


def _drop(con: Session, schema: str) -> None:
    """Drop what the schema holds, but nothing outside it: when something is built on it, the server refuses."""
    found = con.execute(
        """
        select 'function', string_agg(f.oid::regprocedure::text, ', ') from pg_proc as f
        join pg_namespace as n on n.oid = f.pronamespace where n.nspname = %(schema)s
        union all
        select 'view', string_agg(c.oid::regclass::text, ', ') from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace where c.relkind = 'v' and n.nspname = %(schema)s
        union all
        select 'table', string_agg(c.oid::regclass::text, ', ') from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace where c.relkind = 'r' and n.nspname = %(schema)s
        """,
        {"schema": schema},
    ).fetchall()
    for kind, names in found:
        if names:
            con.execute(f"drop {kind} {names}".encode())
    con.execute(SQL("drop schema if exists {}").format(Identifier(schema)))


def _held(con: Session, schema: str, wait_seconds: float) -> HeldError:
    readers = con.execute(
        """
        select distinct format('process %%s, user %%s, program %%s', a.pid, a.usename, a.application_name)
        from pg_locks as l join pg_stat_activity as a using (pid) join pg_class as c on c.oid = l.relation
        join pg_namespace as n on n.oid = c.relnamespace
        where l.granted and n.nspname = %s and a.pid <> pg_backend_pid()
            and l.database = (select oid from pg_database where datname = current_database())
        """,
        [schema],
    ).fetchall()
    return HeldError(
        "readers held what was published before, and it still stands",
        where=f"{con.info.dbname}, schema {schema}",
        expected=f"that each reader's transaction ends within {wait_seconds:g} seconds",
        found="; ".join(str(who) for (who,) in readers),
        remedy="let them end their transactions (commit or rollback), or wait longer with --wait, and run again",
    )
