"""The desk's database: its tables, the status of a list, transactions, and migrations from older versions.

SQLite (one file) or PostgreSQL. A change is written completely or not at all, and is on disk before it is acknowledged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from ..errors import SummarizerError

STATUSES = ("draft", "approved", "rejected", "withdrawn")
_STEPS = {
    "revised": {"draft": "draft", "approved": "draft", "rejected": "draft", "withdrawn": "draft"},
    "approved": {"draft": "approved"},
    "rejected": {"draft": "rejected"},
    "withdrawn": {"approved": "withdrawn"},
}
"""For each action, the new status by the old one. Other statuses do not allow the action."""

SCHEMA = 4
"""Version of the tables. `_MIGRATIONS` upgrades older databases to it."""

_tables = sa.MetaData()
meta = sa.Table("meta", _tables, sa.Column("name", sa.String(40), primary_key=True), sa.Column("value", sa.Text))
summaries = sa.Table(
    "summaries",
    _tables,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("article_id", sa.String(200), nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("length", sa.String(10), nullable=False),
    sa.Column("title", sa.Text),
    sa.Column("status", sa.String(10), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("created", sa.String(32), nullable=False),
    sa.Column("changed", sa.String(32), nullable=False),
    sa.Column("open_by", sa.String(100)),
    sa.Column("open_at", sa.String(32)),
    sa.Column("open_seen", sa.String(32)),
    sa.Column("record", sa.Text, nullable=False),
    sa.UniqueConstraint("article_id", "fingerprint", "length", name="one_summary_an_article_text"),
    sa.Index("summaries_by_status", "status", "created"),
)
revisions = sa.Table(
    "revisions",
    _tables,
    sa.Column("summary_id", sa.String(32), sa.ForeignKey("summaries.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("who", sa.String(100), nullable=False),
    sa.Column("action", sa.String(10), nullable=False),
    sa.Column("status", sa.String(10), nullable=False),
    sa.Column("note", sa.Text),
    sa.Column("disclosure", sa.Text),
    sa.Column("bullets", sa.Text, nullable=False),
    sa.Column("removed", sa.Text, nullable=False),
)
keys = sa.Table(
    "keys",
    _tables,
    sa.Column("name", sa.String(100), primary_key=True),
    sa.Column("secret", sa.String(64), nullable=False, unique=True),
    sa.Column("scopes", sa.String(100), nullable=False),
    sa.Column("created", sa.String(32), nullable=False),
)
calls = sa.Table(
    "calls",
    _tables,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("summary_id", sa.String(32), sa.ForeignKey("summaries.id"), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("event", sa.String(20), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("due", sa.String(32)),
    sa.Column("error", sa.Text),
    sa.Index("calls_by_due", "due"),
)
_MIGRATIONS: dict[int, Sequence[str]] = {
    1: [],
    2: [],
    3: ["DROP TABLE sessions", "DROP TABLE users"],
}
"""For each older version, the SQL statements that upgrade it to the next version."""


class NotAllowedError(Exception):
    """The status of a summary does not allow an action. For example, a rejected list cannot be approved."""


def status_after(status: str, action: str) -> str:
    """Returns the status after an action.

    Raises:
        NotAllowedError: The status does not allow the action.
    """
    if status not in _STEPS[action]:
        allowed = " or ".join(_STEPS[action])
        raise NotAllowedError(f"the list's status is {status}; only a list with status {allowed} can be {action}")
    return _STEPS[action][status]


class StoreError(SummarizerError):
    """The database cannot be used; the message says why."""


def now() -> str:
    """Returns the current time as ISO 8601 in UTC with milliseconds. Sorting these strings sorts by time."""
    return stamp(datetime.now(UTC))


def stamp(at: datetime) -> str:
    """Returns a time as it is stored."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


class Database:
    """An open database.

    Args:
        url: An SQLAlchemy URL, such as `sqlite:///desk.sqlite`.

    Raises:
        StoreError: A newer version of the software made the database, or it cannot be opened.
    """

    def __init__(self, url: str) -> None:
        try:
            self._engine = _engine(url)
            self._prepare()
        except sa.exc.ArgumentError as error:
            raise StoreError(f"{error}; pass a database URL such as sqlite:///desk.sqlite") from error
        except (sa.exc.SQLAlchemyError, ImportError) as error:
            raise StoreError(f"the database {sa.make_url(url).render_as_string()} cannot be used: {error}") from error

    def close(self) -> None:
        """Closes the connections."""
        self._engine.dispose()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Opens a transaction that writes. An exception rolls it back."""
        with self._engine.connect().execution_options(writes=True) as db, db.begin():
            yield db

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Opens a transaction that only reads."""
        with self._engine.connect() as db:
            yield db

    def _prepare(self) -> None:
        with self.write() as db:
            if not sa.inspect(db).has_table("meta"):
                _tables.create_all(db)
                db.execute(meta.insert().values(name="schema", value=str(SCHEMA)))
                return
            found = int(db.execute(sa.select(meta.c.value).where(meta.c.name == "schema")).scalar_one())
            if found > SCHEMA:
                raise StoreError(
                    f"the database was made by a newer version (its tables have version {found}; this version knows "
                    f"{SCHEMA}); install the newer version again"
                )
            for version in range(found, SCHEMA):
                for statement in _MIGRATIONS[version]:
                    db.execute(sa.text(statement))
            db.execute(meta.update().where(meta.c.name == "schema").values(value=str(SCHEMA)))


def _engine(url: str) -> Engine:
    engine = sa.create_engine(url, pool_pre_ping=True)
    if engine.dialect.name == "sqlite":
        file = engine.url.database
        if file and file != ":memory:" and Path(file).parent.is_dir() and not Path(file).exists():
            Path(file).touch(0o600)  # it has sessions and unpublished articles

        # With write-ahead logging, readers never wait for a writer. SQLite allows one writer at a time: a writer takes
        # the lock when its transaction begins (BEGIN IMMEDIATE). The driver's own transactions, which begin at the
        # first change, are switched off (isolation_level).
        @sa.event.listens_for(engine, "connect")
        def _connected(connection: Any, _: object) -> None:
            connection.isolation_level = None
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
                connection.execute(f"PRAGMA {pragma}")

        @sa.event.listens_for(engine, "begin")
        def _begins(connection: Connection) -> None:
            connection.exec_driver_sql(
                "BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN"
            )

    return engine
