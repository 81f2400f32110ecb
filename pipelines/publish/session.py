"""A PostgreSQL connection for one publication, and its errors as errors of this project.

Belongs here: connecting, the publication lock, translating errors. A connection string is never part of a message: it
may contain a password.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from pipelines.errors import LockHeldError, NyckeltalError, UsageError

Session = psycopg.Connection[tuple[object, ...]]

_STANDS = "what was published before stands"
_WORDS: dict[type[psycopg.Error], tuple[str, str]] = {
    errors.InsufficientPrivilege: (
        "the user may not do this in the database",
        "let the database's owner run: grant create on database … to …; a schema that another user published is "
        "removed by that user, and a missing reader role is created by one who may create roles",
    ),
    errors.DiskFull: ("the database server's disk is full", f"free some space there and run again; {_STANDS}"),
    errors.OutOfMemory: ("the database server is out of memory", f"run again; {_STANDS}"),
    errors.ReadOnlySqlTransaction: ("the server only reads", "name the primary server, not a replica of it"),
    errors.DependentObjectsStillExist: (
        "something outside the schema is built on what would be replaced",
        f"move it into the tool that reads, or drop it before and create it after; {_STANDS}",
    ),
    errors.UniqueViolation: (
        "a table's key is not unique",
        "the release is faulty: run nyckeltal rebuild, and tell the maintainers if it comes again",
    ),
    errors.ForeignKeyViolation: (
        "a code refers to nothing",
        "the release is faulty: run nyckeltal rebuild, and tell the maintainers if it comes again",
    ),
}


def connect(dsn: str) -> Session:
    """A connection in autocommit mode, unless a transaction is opened.

    Raises:
        UsageError: the connection string is invalid. NyckeltalError: no connection.
    """
    try:
        return psycopg.connect(dsn, autocommit=True, connect_timeout=15, application_name="nyckeltal publish")
    except psycopg.ProgrammingError:
        raise UsageError(
            "the connection string cannot be read (it is not shown: it may hold a password)",
            expected="host=… dbname=… user=…, or postgresql://user@host/database",
            remedy="characters such as @ : / in the password of an address are written %40 %3A %2F",
        ) from None
    except psycopg.OperationalError as error:
        raise NyckeltalError(
            "cannot connect to PostgreSQL",
            found=" ".join(str(error).split()),
            remedy="see that the server runs, listens there, and knows this user, password and database; the "
            "password may also stand in PGPASSWORD or in a .pgpass file",
        ) from None


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Convert PostgreSQL errors that are raised inside into errors of this project."""
    try:
        yield
    except psycopg.Error as error:
        what, remedy = next(
            (words for kind, words in _WORDS.items() if isinstance(error, kind)),
            ("PostgreSQL could not do this", f"see the message; {_STANDS}"),
        )
        said = [error.diag.message_primary or " ".join(str(error).split()), error.diag.message_detail]
        raise NyckeltalError(
            what, where=where, found="; ".join(" ".join(s.split()) for s in said if s), remedy=remedy
        ) from error


@contextmanager
def alone(con: Session, schema: str) -> Iterator[None]:
    """Hold the publication lock of a schema in this database; the server releases it when the connection ends.

    Raises:
        LockHeldError: another publication holds it.
    """
    # so that the server notices a killed client even while its statement runs
    con.execute("set client_connection_check_interval to '2s'")
    (key,) = con.execute("select hashtextextended('nyckeltal publish ' || %s, 0)", [schema]).fetchone() or (0,)
    (mine,) = con.execute("select pg_try_advisory_lock(%s)", [key]).fetchone() or (False,)
    if not mine:
        holder = con.execute(
            """
            select format('process %%s of the server, user %%s', a.pid, a.usename)
            from pg_locks as l join pg_stat_activity as a using (pid)
            where l.locktype = 'advisory' and l.granted and l.objsubid = 1
                and l.database = (select oid from pg_database where datname = current_database())
                and (l.classid::bigint << 32) | l.objid::bigint = %s
            """,
            [key],
        ).fetchone()
        raise LockHeldError(
            "another publication is at work on this schema",
            where=f"{con.info.dbname}, schema {schema}",
            found=str(holder[0]) if holder else "a publication that has just ended",
            remedy="wait until it has ended, and run again",
        )
    yield  # the connection is closed after this, and the lock with it
