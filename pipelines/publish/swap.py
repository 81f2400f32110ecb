"""Replaces the old schema by the new one in a single transaction, while no reader is in the middle of a read.

Belongs here: the swap, what it waits for, and what may be dropped. Does not belong here: what the schemas hold.

The swap needs an exclusive lock on every table and view of the old schema for a moment. So it waits for each
transaction that has read any of them, and such a transaction reads one release from beginning to end. It requests the
locks for short periods only, and lets other sessions through in between: a reader waits for less than a second, and is
never terminated because of the swap.
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
_POLITE_TRIES = 3  # the first attempt does not wait, so that it delays nobody
_PAUSE = 0.25  # seconds between attempts, in which readers proceed
# Locks the tables one by one and reports the one that could not be locked, so that the next attempt begins with it.
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
    """Readers held a schema for longer than the declared wait."""


def mark(release_id: str) -> str:
    """The comment on a schema that says that it was published from here, and may be replaced."""
    return f"Nyckeltal, release {release_id}. Skrivs om i sin helhet vid varje publicering: lägg inget eget här."


def standing(con: Session, schema: str) -> str | None:
    """The release that a schema holds; None if there is no such schema, or an empty one.

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
    """Drop a schema that was published from here; does nothing if there is none.

    Raises:
        HeldError: a session held it for all of `wait_seconds`.
    """
    if standing(con, schema):
        _alone_with(con, schema, wait_seconds, lambda: _drop(con, schema))


def swap(con: Session, new: str, schema: str, old: str, wait_seconds: float) -> None:
    """Rename `new` to `schema` and the schema of that name to `old`, in one transaction.

    Raises:
        HeldError: readers held it for all of `wait_seconds`; nothing is changed.
        psycopg.errors.DependentObjectsStillExist: another object depends on it; nothing is changed.
    """

    def rename() -> None:
        with con.transaction() as trial:  # the server decides whether the old one can be dropped
            _drop(con, schema)
            raise psycopg.Rollback(trial)
        if _exists(con, schema):
            con.execute(SQL("alter schema {} rename to {}").format(Identifier(schema), Identifier(old)))
        con.execute(SQL("alter schema {} rename to {}").format(Identifier(new), Identifier(schema)))

    _alone_with(con, schema, wait_seconds, rename)


def _alone_with(con: Session, schema: str, wait_seconds: float, act: Callable[[], None]) -> None:
    """Run a function in a transaction that holds exclusive locks on a schema's tables and views.

    After an attempt that met a reader, the next one begins with the table which that reader held: later sessions then
    wait before they have read anything, instead of holding one table while they wait for another.
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
    """Milliseconds to wait for locks: less than the server's deadlock timeout.

    So when two sessions wait for each other, it is never the reader that is terminated.
    """
    found = con.execute("select setting::int from pg_settings where name = 'deadlock_timeout'").fetchone()
    return min(_LONGEST_HOLD_MS, int(str(found[0])) * 8 // 10) if found else _LONGEST_HOLD_MS


def _exists(con: Session, schema: str) -> bool:
    return bool(con.execute("select 1 from pg_namespace where nspname = %s", [schema]).fetchone())


def _drop(con: Session, schema: str) -> None:
    """Drop what the schema holds and nothing outside it: when another object depends on it, the server refuses."""
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
