"""The summaries of the desk, with all their versions."""

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

from .database import STATUSES, Database, calls, now, revisions, stamp, status_after, summaries

ABSENT = timedelta(seconds=90)
"""A summary counts as closed if its page has not called `Store.open` for this long."""
PAGE = 50
"""Number of summaries on a page of the queue; also the number that an export reads at once."""


class NotThereError(Exception):
    """No summary has this id."""


class ConflictError(Exception):
    """Somebody changed a summary after the caller read it.

    Attributes:
        revision: Number of the newest version.
    """

    def __init__(self, revision: int, who: str) -> None:
        super().__init__(f"{who} has changed this list since you opened it; it is at version {revision} now")
        self.revision = revision


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the queue.

    Attributes:
        id: Id of the summary.
        article_id: The CMS's id of the article.
        length: "standard" or "brief".
        title: The headline, or None.
        status: One of `STATUSES`.
        revision: Number of its newest version, from 1.
        created: Time of the draft, ISO 8601 in UTC.
        changed: Time of the newest version.
        open_by: The person who has it open, or None.
        open_at: Time since when it is open, or None.
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
        number: Number of the version; the draft is 1.
        at: Time of the action, ISO 8601 in UTC.
        who: Name of a user, or "key NAME".
        action: "drafted", "revised", "approved", "rejected" or "withdrawn".
        status: The status after the action.
        note: The note on the action, or None.
        bullets: The bullets of the list.
        removed: The draft's bullets that are not in the list, with the reason if an editor gave one.
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
        database: Where they are stored.
        disclosure: The line for readers of lists that are approved from now on; "{name}" is replaced by the person who
            approves. Default: the draft's line.
    """

    def __init__(self, database: Database, disclosure: str = "") -> None:
        self._db, self._disclosure = database, disclosure

    def add(self, record: Mapping[str, Any], article_id: str | None, who: str) -> tuple[dict[str, Any], bool]:
        """Adds a draft, if there is no summary of this article, text and length yet.

        Args:
            record: The record from `Summary.to_dict`.
            article_id: The CMS's id of the article. Default: made from the article's hash.
            who: The user or key that requested it.

        Returns:
            The record with its id, and True if it is new.
        """
        try:
            return self._added(record, article_id, who)
        except sa.exc.IntegrityError:  # another process added it at the same time
            return self._added(record, article_id, who)

    def _added(self, record: Mapping[str, Any], article_id: str | None, who: str) -> tuple[dict[str, Any], bool]:
        mark = _fingerprint(record["text"], record["title"], record["language"])
        article_id = article_id or _own_id(mark)
        with self._db.write() as db:
            at, id = now(), uuid4().hex
            bullets = [
                {"id": f"b{i}", "draft": bullet["text"], **bullet} for i, bullet in enumerate(record["bullets"], 1)
            ]
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
        """Returns the id of the summary of an article in this length, or None."""
        mark = _fingerprint(text, title, language)
        with self._db.read() as db:
            return self._find(db, article_id or _own_id(mark), mark, length)

    def get(self, id: str) -> dict[str, Any]:
        """Returns the newest record of a summary, as in `summary.schema.json`. It has the fields of the desk, such as
        "id" and "revision"; each bullet has an "id", and a "draft" if the software wrote it.

        Raises:
            NotThereError: There is no such summary.
        """
        with self._db.read() as db:
            return self._whole(db, id)

    def history(self, id: str) -> list[Revision]:
        """Returns all versions of a summary, the draft first.

        Raises:
            NotThereError: There is no such summary.
        """
        with self._db.read() as db:
            rows = db.execute(
                revisions.select().where(revisions.c.summary_id == id).order_by(revisions.c.number)
            ).mappings()
            found = [_revision(row) for row in rows]
        if not found:
            raise NotThereError(id)
        return found

    def entries(
        self, status: str | None = None, before: str | None = None, part: str = "", limit: int = PAGE
    ) -> list[Entry]:
        """Returns summaries, newest first.

        Args:
            status: Return only summaries with this status.
            before: Return only summaries that are older than the one with this id (for paging).
            part: Return only summaries with this text in their headline or in the CMS's id of the article.
            limit: Maximum number of summaries.

        Raises:
            NotThereError: There is no summary with the id `before`.
        """
        order = (summaries.c.created.desc(), summaries.c.id.desc())
        names = (*Entry.__slots__, "open_seen")
        query = sa.select(*(summaries.c[name] for name in names)).order_by(*order).limit(limit)
        if status:
            query = query.where(summaries.c.status == status)
        if part:
            # headlines have typographic apostrophes, keyboards have not
            fields = (sa.func.replace(field, "’", "'") for field in (summaries.c.title, summaries.c.article_id))
            part = part.replace("’", "'")
            query = query.where(sa.or_(*(field.icontains(part, autoescape=True) for field in fields)))
        with self._db.read() as db:
            if before:
                mark = db.execute(sa.select(summaries.c.created).where(summaries.c.id == before)).scalar()
                if mark is None:
                    raise NotThereError(before)
                query = query.where(sa.tuple_(summaries.c.created, summaries.c.id) < _pair(mark, before))
            return [_entry(row) for row in db.execute(query).mappings()]

    def counts(self) -> dict[str, int]:
        """Returns the number of summaries with each status."""
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
        """Adds a version to a list, and returns the new record.

        Args:
            id: Id of the summary.
            base: Number of the version that was read.
            who: The user or key that makes the change.
            action: "revised", "approved", "rejected" or "withdrawn".
            bullets: The new bullets. Default: unchanged.
            removed: The draft's bullets that are not in the list. Default: unchanged.
            note: A note on the action.
            event: Event of a webhook call: "approved" or "withdrawn". Default: no call.

        Raises:
            NotThereError: There is no such summary.
            ConflictError: There is a newer version than `base`.
            NotAllowedError: The status does not allow the action.
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
        """Records that a person has a summary open, or has closed it.

        Args:
            id: Id of the summary.
            who: The person.
            still: True if the person has it open. Repeat the call within `ABSENT`.

        Returns:
            Another person who has it open, or None.

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
        """Yields the records of all approved lists, oldest first. Reads them page by page."""
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
    """Returns the position of a summary in their order."""
    return sa.tuple_(sa.literal(created), sa.literal(id))


def _fingerprint(text: str, title: str | None, language: str) -> str:
    """Returns a hash of an article."""
    return sha256(_json([text, title, language]).encode("utf-8", "surrogatepass")).hexdigest()


def _own_id(mark: str) -> str:
    """Returns the id of an article for which the CMS sent none."""
    return mark[:16]


def _here(who: str | None, seen: str | None) -> str | None:
    """Returns the person who has a summary open, or None if the last call is older than `ABSENT`."""
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
