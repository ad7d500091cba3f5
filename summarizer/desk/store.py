"""The summaries of the desk, with every version of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from .database import Database, calls, now, revisions, stamp, summaries
from .status import STATUSES, status_after

ABSENT = timedelta(seconds=90)
"""Who has not been heard of for so long has a summary open no longer."""
PAGE = 50
"""Summaries of a page of a list; also rows that an export reads at once."""


class NotThereError(Exception):
    """No summary has this id."""


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


class Store:
    """Summaries and their versions.

    Args:
        database: Where they are kept.
        disclosure: The line for readers of a list that is approved from now on; "{name}" in it is who approves;
            default: the draft's.
    """

    def __init__(self, database: Database, disclosure: str = "") -> None:
        self._db, self._disclosure = database, disclosure

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
        with self._db.write() as db:
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
            db.execute(summaries.insert().values(row))
            self._note(db, id, 1, at, who, "drafted", "draft", None, bullets, [])
            return self._whole(db, id), True

    def find(self, article_id: str | None, text: str, title: str | None, language: str, length: str) -> str | None:
        """The id of the summary of an article's text, if there is one."""
        mark = _fingerprint(text, title, language)
        with self._db.read() as db:
            return self._find(db, article_id or _own_id(mark), mark, length)

    def get(self, id: str) -> dict[str, Any]:
        """The record of a summary as it is now: that of `summary.schema.json`, with "id", "article_id", "revision",
        "created", "changed", and for each bullet "id" and, where the software wrote it, "draft".

        Raises:
            NotThereError: There is none.
        """
        with self._db.read() as db:
            return self._whole(db, id)

    def history(self, id: str) -> list[Revision]:
        """Every version of a summary, the draft first.

        Raises:
            NotThereError: There is none.
        """
        with self._db.read() as db:
            rows = db.execute(
                revisions.select().where(revisions.c.summary_id == id).order_by(revisions.c.number)
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
        order = (summaries.c.created.desc(), summaries.c.id.desc())
        names = (*Entry.__slots__, "open_seen")
        query = sa.select(*(summaries.c[name] for name in names)).order_by(*order).limit(limit)
        if status:
            query = query.where(summaries.c.status == status)
        with self._db.read() as db:
            if before:
                mark = db.execute(sa.select(summaries.c.created).where(summaries.c.id == before)).scalar()
                if mark is None:
                    raise NotThereError(before)
                query = query.where(sa.tuple_(summaries.c.created, summaries.c.id) < _pair(mark, before))
            return [_entry(row) for row in db.execute(query).mappings()]

    def counts(self) -> dict[str, int]:
        """How many summaries have each status."""
        query = sa.select(summaries.c.status, sa.func.count()).group_by(summaries.c.status)
        with self._db.read() as db:
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
        with self._db.write() as db:
            db.execute(sa.select(summaries.c.id).where(summaries.c.id == id).with_for_update())
            last = (
                db.execute(
                    revisions.select().where(revisions.c.summary_id == id).order_by(revisions.c.number.desc()).limit(1)
                )
                .mappings()
                .first()
            )
            if last is None:
                raise NotThereError(id)
            if last["number"] != base:
                raise ConflictError(last["number"], last["who"])
            status = status_after(last["status"], action)
            at, number = now(), last["number"] + 1
            shown = json.loads(last["bullets"]) if bullets is None else list(bullets)
            gone = json.loads(last["removed"]) if removed is None else list(removed)
            self._note(db, id, number, at, who, action, status, note, shown, gone)
            values = {"revision": number, "changed": at, "status": status}
            db.execute(summaries.update().where(summaries.c.id == id).values(values))
            whole = self._whole(db, id)
            if event:
                call = {"id": uuid4().hex, "summary_id": id, "number": number, "event": event, "tries": 0, "due": at}
                db.execute(calls.insert().values(call | {"body": _json({"event": event, "summary": whole})}))
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
        with self._db.write() as db:
            row = db.execute(summaries.select().where(summaries.c.id == id)).mappings().first()
            if row is None:
                raise NotThereError(id)
            other = _here(row["open_by"], row["open_seen"])
            if other in (None, who):
                mine = {"open_by": who, "open_at": row["open_at"] if other else now(), "open_seen": now()}
                values = mine if still else dict.fromkeys(mine)
                db.execute(summaries.update().where(summaries.c.id == id).values(values))
            return None if other == who else other

    def approved(self) -> Iterator[dict[str, Any]]:
        """The records of all approved lists, the oldest first, read page by page."""
        last = ("", "")
        while True:
            query = (
                sa.select(summaries.c.created, summaries.c.id)
                .where(summaries.c.status == "approved")
                .where(sa.tuple_(summaries.c.created, summaries.c.id) > _pair(*last))
                .order_by(summaries.c.created, summaries.c.id)
                .limit(PAGE)
            )  # fmt: skip
            with self._db.read() as db:
                page = [(str(created), str(id)) for created, id in db.execute(query)]
                records = [self._whole(db, id) for _, id in page]
            yield from records
            if len(page) < PAGE:
                return
            last = page[-1]

    def _find(self, db: Connection, article_id: str, mark: str, length: str) -> str | None:
        query = sa.select(summaries.c.id).where(
            summaries.c.article_id == article_id, summaries.c.fingerprint == mark, summaries.c.length == length
        )
        return db.execute(query).scalar()

    def _whole(self, db: Connection, id: str) -> dict[str, Any]:
        query = (
            sa.select(summaries, *(revisions.c[name] for name in ("bullets", "removed", "who", "disclosure")))
            .join(
                revisions,
                sa.and_(revisions.c.summary_id == summaries.c.id, revisions.c.number == summaries.c.revision),
            )
            .where(summaries.c.id == id)
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
        db.execute(revisions.insert().values(about | {"note": note, "disclosure": line} | lists))


def _pair(created: str, id: str) -> sa.Tuple:
    """A place in the order of summaries."""
    return sa.tuple_(sa.literal(created), sa.literal(id))


def _fingerprint(text: str, title: str | None, language: str) -> str:
    """The same for the same article."""
    return sha256(_json([text, title, language]).encode("utf-8", "surrogatepass")).hexdigest()


def _own_id(mark: str) -> str:
    """The id of an article that has none of a CMS."""
    return mark[:16]


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
