"""What the desk keeps: summaries with every version of them, users, sessions, keys and calls to other systems.

One SQLite file, or PostgreSQL. A change is written whole or not at all, and is on disk
before it is acknowledged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, RowMapping

from ..errors import SummarizerError

SCHEMA = 1
"""Version of the tables; `_MIGRATIONS` leads here from an older one."""
STATUSES = ("draft", "approved", "rejected", "withdrawn")
ABSENT = timedelta(seconds=90)
"""Who has not been heard of for so long has a summary open no longer."""
PAGE = 50
"""Summaries of a page of a list; also rows that an export reads at once."""

_tables = sa.MetaData()
_meta = sa.Table("meta", _tables, sa.Column("name", sa.String(40), primary_key=True), sa.Column("value", sa.Text))
_summaries = sa.Table(
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
_revisions = sa.Table(
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
_users = sa.Table(
    "users",
    _tables,
    sa.Column("name", sa.String(100), primary_key=True),
    sa.Column("role", sa.String(10), nullable=False),
    sa.Column("password", sa.Text, nullable=False),
    sa.Column("created", sa.String(32), nullable=False),
)
_sessions = sa.Table(
    "sessions",
    _tables,
    sa.Column("token", sa.String(64), primary_key=True),
    sa.Column("user", sa.String(100), sa.ForeignKey("users.name"), nullable=False),
    sa.Column("csrf", sa.String(64), nullable=False),
    sa.Column("ends", sa.String(32), nullable=False),
)
_keys = sa.Table(
    "keys",
    _tables,
    sa.Column("name", sa.String(100), primary_key=True),
    sa.Column("secret", sa.String(64), nullable=False, unique=True),
    sa.Column("scopes", sa.String(100), nullable=False),
    sa.Column("created", sa.String(32), nullable=False),
)
_calls = sa.Table(
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
_MIGRATIONS: dict[int, Sequence[str]] = {}
"""For each older version the statements that lead to the next one."""


class StoreError(SummarizerError):
    """A database that this version cannot use; the message says what to do."""


class NotThereError(Exception):
    """No summary has this id."""


class NotAllowedError(Exception):
    """A step that the status of a summary does not allow: one that was rejected cannot be approved."""


class ConflictError(Exception):
    """Somebody has changed a summary since it was read.

    Attributes:
        revision: The newest version.
    """

    def __init__(self, revision: int, who: str) -> None:
        super().__init__(f"{who} has changed this list since you opened it; it is at version {revision} now")
        self.revision = revision


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the queue.

    Attributes:
        id: Of the summary.
        article_id: The CMS's id of the article.
        length: "standard" or "brief".
        title: The headline, if there is one.
        status: One of `STATUSES`.
        revision: Number of its newest version, from 1.
        created: When it was drafted, ISO 8601 in UTC.
        changed: When it was changed last.
        open_by: Who has it open, if somebody has.
        open_at: Since when.
    """

    id: str
    article_id: str
    length: str
    title: str | None
    status: str
    revision: int
    created: str
    changed: str
    open_by: str | None
    open_at: str | None


@dataclass(frozen=True, slots=True)
class Revision:
    """A version of a list.

    Attributes:
        number: From 1, the draft.
        at: When, ISO 8601 in UTC.
        who: A user, or "key NAME".
        action: "drafted", "revised", "approved", "rejected" or "withdrawn".
        status: The status that it left.
        note: What was said about it.
        bullets: The list.
        removed: The draft's bullets that are not in it, with the reason where one was given.
    """

    number: int
    at: str
    who: str
    action: str
    status: str
    note: str | None
    bullets: list[dict[str, Any]]
    removed: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Call:
    """A call to another system that is to be made.

    Attributes:
        id: The same in every try.
        event: What happened: "approved" or "withdrawn".
        body: What is sent.
        tries: How often it was tried.
    """

    id: str
    event: str
    body: str
    tries: int


def now() -> str:
    """The time, ISO 8601 in UTC, to the millisecond: it sorts as text."""
    return stamp(datetime.now(UTC))


def stamp(at: datetime) -> str:
    """A time as it is kept."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


class Store:
    """The database.

    Args:
        url: An SQLAlchemy URL; `sqlite:///desk.sqlite` is a file.
        disclosure: The line for readers of a list that is approved from now on; "{name}" in it is who approves;
            default: the draft's.

    Raises:
        StoreError: A newer version made it, or it cannot be opened.
    """

    def __init__(self, url: str, disclosure: str = "") -> None:
        self._disclosure = disclosure
        try:
            self._engine = _engine(url)
            self._prepare()
        except sa.exc.ArgumentError as error:
            raise StoreError(f"{error}; a database is named as in sqlite:///desk.sqlite") from error
        except (sa.exc.SQLAlchemyError, ImportError) as error:
            raise StoreError(f"the database {sa.make_url(url).render_as_string()} cannot be used: {error}") from error

    def close(self) -> None:
        """Lets go of the connections."""
        self._engine.dispose()

    def add(self, record: Mapping[str, Any], article_id: str | None, who: str) -> tuple[dict[str, Any], bool]:
        """A new draft, or the one that is there for this text and length.

        Args:
            record: As `Summary.to_dict` gives it.
            article_id: The CMS's id of the article; default: one that follows from the text.
            who: Who asked for it.

        Returns:
            The record with its id, and whether it is new.
        """
        try:
            return self._added(record, article_id, who)
        except sa.exc.IntegrityError:  # another process has drafted it in this moment
            return self._added(record, article_id, who)

    def _added(self, record: Mapping[str, Any], article_id: str | None, who: str) -> tuple[dict[str, Any], bool]:
        mark = _fingerprint(record["text"], record["title"], record["language"])
        article_id = article_id or _own_id(mark)
        with self._write() as db:
            at, id = now(), uuid4().hex
            bullets = [{"id": f"b{i}", "draft": one["text"], **one} for i, one in enumerate(record["bullets"], 1)]
            row = {
                "id": id,
                "article_id": article_id,
                "fingerprint": mark,
                "length": record["options"]["length"],
                "title": record["title"],
                "status": "draft",
                "revision": 1,
                "created": at,
                "changed": at,
                "record": _json({k: v for k, v in record.items() if k not in ("bullets", "status")}),
            }
            there = self._find(db, article_id, mark, row["length"])
            if there:
                return self._whole(db, there), False
            db.execute(_summaries.insert().values(row))
            self._note(db, id, 1, at, who, "drafted", "draft", None, bullets, [])
            return self._whole(db, id), True

    def find(self, article_id: str | None, text: str, title: str | None, language: str, length: str) -> str | None:
        """The id of the summary of an article's text, if there is one."""
        mark = _fingerprint(text, title, language)
        with self._read() as db:
            return self._find(db, article_id or _own_id(mark), mark, length)

    def get(self, id: str) -> dict[str, Any]:
        """The record of a summary as it is now: that of `summary.schema.json`, with "id", "article_id", "revision",
        "created", "changed", and for each bullet "id" and, where the software wrote it, "draft".

        Raises:
            NotThereError: There is none.
        """
        with self._read() as db:
            return self._whole(db, id)

    def history(self, id: str) -> list[Revision]:
        """Every version of a summary, the draft first.

        Raises:
            NotThereError: There is none.
        """
        with self._read() as db:
            rows = db.execute(
                _revisions.select().where(_revisions.c.summary_id == id).order_by(_revisions.c.number)
            ).mappings()
            found = [_revision(row) for row in rows]
        if not found:
            raise NotThereError(id)
        return found

    def entries(self, status: str | None = None, before: str | None = None, limit: int = PAGE) -> list[Entry]:
        """Summaries, the newest first.

        Args:
            status: Only those with this status.
            before: Only those behind the one with this id, to turn pages.
            limit: So many at most.

        Raises:
            NotThereError: There is no summary with the id `before`.
        """
        order = (_summaries.c.created.desc(), _summaries.c.id.desc())
        names = (*Entry.__slots__, "open_seen")
        query = sa.select(*(_summaries.c[name] for name in names)).order_by(*order).limit(limit)
        if status:
            query = query.where(_summaries.c.status == status)
        with self._read() as db:
            if before:
                mark = db.execute(sa.select(_summaries.c.created).where(_summaries.c.id == before)).scalar()
                if mark is None:
                    raise NotThereError(before)
                query = query.where(
                    sa.or_(_summaries.c.created < mark, sa.and_(_summaries.c.created == mark, _summaries.c.id < before))
                )
            return [_entry(row) for row in db.execute(query).mappings()]

    def counts(self) -> dict[str, int]:
        """How many summaries have each status."""
        query = sa.select(_summaries.c.status, sa.func.count()).group_by(_summaries.c.status)
        with self._read() as db:
            found = {str(status): int(count) for status, count in db.execute(query)}
        return {status: found.get(status, 0) for status in STATUSES}

    def change(
        self,
        id: str,
        base: int,
        who: str,
        action: str,
        bullets: Sequence[Mapping[str, Any]] | None = None,
        removed: Sequence[Mapping[str, Any]] | None = None,
        note: str | None = None,
        event: str | None = None,
    ) -> dict[str, Any]:
        """A new version of a list.

        Args:
            id: Of the summary.
            base: The version that it is made from.
            who: Who made it.
            action: "revised", "approved", "rejected" or "withdrawn".
            bullets: The list; default: as it was.
            removed: The draft's bullets that are not in it; default: as it was.
            note: What is said about it.
            event: What another system is to be told: "approved" or "withdrawn"; default: nothing.

        Raises:
            NotThereError: There is no such summary.
            ConflictError: There is a newer version than `base`.
            NotAllowedError: Its status does not allow it.
        """
        with self._write() as db:
            db.execute(sa.select(_summaries.c.id).where(_summaries.c.id == id).with_for_update())
            last = (
                db.execute(
                    _revisions.select()
                    .where(_revisions.c.summary_id == id)
                    .order_by(_revisions.c.number.desc())
                    .limit(1)
                )
                .mappings()
                .first()
            )
            if last is None:
                raise NotThereError(id)
            if last["number"] != base:
                raise ConflictError(last["number"], last["who"])
            status = _next(last["status"], action)
            at, number = now(), last["number"] + 1
            shown = json.loads(last["bullets"]) if bullets is None else list(bullets)
            gone = json.loads(last["removed"]) if removed is None else list(removed)
            self._note(db, id, number, at, who, action, status, note, shown, gone)
            values = {"revision": number, "changed": at, "status": status}
            db.execute(_summaries.update().where(_summaries.c.id == id).values(values))
            whole = self._whole(db, id)
            if event:
                call = {"id": uuid4().hex, "summary_id": id, "number": number, "event": event, "tries": 0, "due": at}
                db.execute(_calls.insert().values(call | {"body": _json({"event": event, "summary": whole})}))
            return whole

    def open(self, id: str, who: str, still: bool) -> str | None:
        """Notes that somebody has a summary open, or has it no longer.

        Args:
            id: Of the summary.
            who: Somebody.
            still: Whether he has it open. It is to be said again within `ABSENT`.

        Returns:
            Who else has it open, if somebody has.

        Raises:
            NotThereError: There is no such summary.
        """
        with self._write() as db:
            row = db.execute(_summaries.select().where(_summaries.c.id == id)).mappings().first()
            if row is None:
                raise NotThereError(id)
            other = _here(row["open_by"], row["open_seen"])
            if other in (None, who):
                mine = {"open_by": who, "open_at": row["open_at"] if other else now(), "open_seen": now()}
                values = mine if still else dict.fromkeys(mine)
                db.execute(_summaries.update().where(_summaries.c.id == id).values(values))
            return None if other == who else other

    def approved(self) -> Iterator[dict[str, Any]]:
        """The records of all approved lists, the oldest first, read page by page."""
        last = ("", "")
        while True:
            query = (
                sa.select(_summaries.c.created, _summaries.c.id)
                .where(_summaries.c.status == "approved")
                .where(sa.tuple_(_summaries.c.created, _summaries.c.id) > sa.tuple_(*map(sa.literal, last)))
                .order_by(_summaries.c.created, _summaries.c.id)
                .limit(PAGE)
            )  # fmt: skip
            with self._read() as db:
                page = [(str(created), str(id)) for created, id in db.execute(query)]
                records = [self._whole(db, id) for _, id in page]
            yield from records
            if len(page) < PAGE:
                return
            last = page[-1]

    # Users, sessions and keys: what proves that somebody is who he says is kept as a hash alone.

    def put_user(self, name: str, role: str, password: str) -> None:
        """A user, or a new role and password of one; his sessions end."""
        with self._write() as db:
            db.execute(_sessions.delete().where(_sessions.c.user == name))
            values = {"role": role, "password": password}
            if not db.execute(_users.update().where(_users.c.name == name).values(values)).rowcount:
                db.execute(_users.insert().values(name=name, created=now(), **values))

    def drop_user(self, name: str) -> bool:
        """Without a user, and his sessions; whether there was one. What he did stays under his name."""
        with self._write() as db:
            db.execute(_sessions.delete().where(_sessions.c.user == name))
            return bool(db.execute(_users.delete().where(_users.c.name == name)).rowcount)

    def users(self) -> dict[str, tuple[str, str]]:
        """Role and password hash of each user."""
        with self._read() as db:
            return {row["name"]: (row["role"], row["password"]) for row in db.execute(_users.select()).mappings()}

    def start_session(self, token: str, user: str, csrf: str, ends: str) -> None:
        """A session; those that have ended go."""
        with self._write() as db:
            db.execute(_sessions.delete().where(_sessions.c.ends < now()))
            db.execute(_sessions.insert().values(token=_hash(token), user=user, csrf=csrf, ends=ends))

    def session(self, token: str) -> tuple[str, str, str] | None:
        """User, role and CSRF token of a session that has not ended."""
        query = (
            sa.select(_sessions.c.user, _users.c.role, _sessions.c.csrf)
            .join(_users, _users.c.name == _sessions.c.user)
            .where(_sessions.c.token == _hash(token), _sessions.c.ends > now())
        )
        with self._read() as db:
            found = db.execute(query).first()
        return (str(found[0]), str(found[1]), str(found[2])) if found else None

    def end_session(self, token: str) -> None:
        """Signs out."""
        with self._write() as db:
            db.execute(_sessions.delete().where(_sessions.c.token == _hash(token)))

    def put_key(self, name: str, secret: str, scopes: str) -> None:
        """A key of another system, or a new secret of one."""
        with self._write() as db:
            db.execute(_keys.delete().where(_keys.c.name == name))
            db.execute(_keys.insert().values(name=name, secret=_hash(secret), scopes=scopes, created=now()))

    def drop_key(self, name: str) -> bool:
        """Without a key; whether there was one."""
        with self._write() as db:
            return bool(db.execute(_keys.delete().where(_keys.c.name == name)).rowcount)

    def key(self, secret: str) -> tuple[str, frozenset[str]] | None:
        """Name and scopes of a key."""
        with self._read() as db:
            found = db.execute(_keys.select().where(_keys.c.secret == _hash(secret))).mappings().first()
        return (found["name"], frozenset(found["scopes"].split())) if found else None

    def keys(self) -> dict[str, str]:
        """The scopes of each key."""
        with self._read() as db:
            return {row["name"]: row["scopes"] for row in db.execute(_keys.select()).mappings()}

    # Calls to another system.

    def due_calls(self, limit: int = 20) -> list[Call]:
        """Calls whose time has come, the oldest first; of each summary only the first that is to be made, so that
        "withdrawn" never comes before "approved"."""
        other = _calls.alias()
        older = sa.exists().where(
            other.c.summary_id == _calls.c.summary_id, other.c.number < _calls.c.number, other.c.due.is_not(None)
        )
        query = _calls.select().where(_calls.c.due <= now(), ~older).order_by(_calls.c.due).limit(limit)
        with self._read() as db:
            return [Call(r["id"], r["event"], r["body"], r["tries"]) for r in db.execute(query).mappings()]

    def called(self, id: str, error: str | None = None, again: str | None = None) -> None:
        """A call was made: it went well, or it is to be tried again, or nevermore (then its error stays)."""
        with self._write() as db:
            if error is None:
                db.execute(_calls.delete().where(_calls.c.id == id))
                return
            values = {"tries": _calls.c.tries + 1, "due": again, "error": error}
            db.execute(_calls.update().where(_calls.c.id == id).values(values))

    def failed_calls(self) -> int:
        """Calls that were given up."""
        with self._read() as db:
            return int(db.execute(sa.select(sa.func.count()).where(_calls.c.due.is_(None))).scalar() or 0)

    def _prepare(self) -> None:
        with self._write() as db:
            if not sa.inspect(db).has_table("meta"):
                _tables.create_all(db)
                db.execute(_meta.insert().values(name="schema", value=str(SCHEMA)))
                return
            found = int(db.execute(sa.select(_meta.c.value).where(_meta.c.name == "schema")).scalar_one())
            if found > SCHEMA:
                raise StoreError(
                    f"the database was made by a newer version (its tables are version {found}, this one knows "
                    f"{SCHEMA}); install that version again"
                )
            for version in range(found, SCHEMA):
                for statement in _MIGRATIONS[version]:
                    db.execute(sa.text(statement))
            db.execute(_meta.update().where(_meta.c.name == "schema").values(value=str(SCHEMA)))

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with self._engine.connect().execution_options(writes=True) as db, db.begin():
            yield db

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with self._engine.connect() as db:
            yield db

    def _find(self, db: Connection, article_id: str, mark: str, length: str) -> str | None:
        query = sa.select(_summaries.c.id).where(
            _summaries.c.article_id == article_id, _summaries.c.fingerprint == mark, _summaries.c.length == length
        )
        return db.execute(query).scalar()

    def _whole(self, db: Connection, id: str) -> dict[str, Any]:
        query = (
            sa.select(_summaries, *(_revisions.c[name] for name in ("bullets", "removed", "who", "disclosure")))
            .join(
                _revisions,
                sa.and_(_revisions.c.summary_id == _summaries.c.id, _revisions.c.number == _summaries.c.revision),
            )
            .where(_summaries.c.id == id)
        )
        row = db.execute(query).mappings().first()
        if row is None:
            raise NotThereError(id)
        about = {name: row[name] for name in ("id", "article_id", "status", "revision", "created", "changed")}
        lists = {"bullets": json.loads(row["bullets"]), "removed": json.loads(row["removed"])}
        whole: dict[str, Any] = about | {"changed_by": row["who"]} | json.loads(row["record"]) | lists
        if row["disclosure"]:
            whole["disclosure"] = row["disclosure"]
        return whole

    def _note(
        self,
        db: Connection,
        id: str,
        number: int,
        at: str,
        who: str,
        action: str,
        status: str,
        note: str | None,
        bullets: Sequence[Any],
        removed: Sequence[Any],
    ) -> None:
        lists = {"bullets": _json(bullets), "removed": _json(removed)}
        about = {"summary_id": id, "number": number, "at": at, "who": who, "action": action, "status": status}
        line = self._disclosure.replace("{name}", who) if status == "approved" else None
        db.execute(_revisions.insert().values(about | {"note": note, "disclosure": line} | lists))


def _fingerprint(text: str, title: str | None, language: str) -> str:
    """The same for the same article."""
    return sha256(_json([text, title, language]).encode("utf-8", "surrogatepass")).hexdigest()


def _own_id(mark: str) -> str:
    """The id of an article that has none of a CMS."""
    return mark[:16]


_STEPS = {
    "revised": {"draft": "draft", "approved": "draft", "rejected": "draft", "withdrawn": "draft"},
    "approved": {"draft": "approved"},
    "rejected": {"draft": "rejected"},
    "withdrawn": {"approved": "withdrawn"},
}
"""From which status each action leads where."""


def _next(status: str, action: str) -> str:
    if status not in _STEPS[action]:
        allowed = " or ".join(_STEPS[action])
        raise NotAllowedError(f"the list is {status}; only one that is {allowed} can be {action}")
    return _STEPS[action][status]


def _here(who: str | None, seen: str | None) -> str | None:
    """Who has a summary open, if he was there lately."""
    return who if who and seen and seen > stamp(datetime.now(UTC) - ABSENT) else None


def _entry(row: RowMapping) -> Entry:
    about = {name: row[name] for name in Entry.__slots__}
    if not _here(row["open_by"], row["open_seen"]):
        about |= {"open_by": None, "open_at": None}
    return Entry(**about)


def _revision(row: RowMapping) -> Revision:
    about = {name: row[name] for name in ("number", "at", "who", "action", "status", "note")}
    return Revision(**about, bullets=json.loads(row["bullets"]), removed=json.loads(row["removed"]))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _hash(secret: str) -> str:
    """Of a long random secret, for which a fast hash is enough."""
    return sha256(secret.encode()).hexdigest()


def _engine(url: str) -> Engine:
    engine = sa.create_engine(url, pool_pre_ping=True)
    if engine.dialect.name == "sqlite":
        # One writer at a time, who waits for his turn from the start, and readers who never wait: write-ahead logging,
        # and transactions that begin here and not where the driver thinks so.
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
