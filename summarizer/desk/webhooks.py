"""Calls another system when a list is approved or withdrawn. The calls are signed, stored, and retried."""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import httpx
import sqlalchemy as sa

from .database import Database, now, stamp
from .database import calls as _calls
from .settings import Settings

TRIES = 12
"""Maximum number of tries of a call. The last is about 17 hours after the first."""
_log = logging.getLogger(__name__)
_PAUSE = 1.0
_FIRST = 30.0
"""Seconds before the second try. The wait doubles before each further try."""
_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Call:
    """A pending call to another system.

    Attributes:
        id: Id of the call, the same in every try.
        event: What happened: "approved" or "withdrawn".
        body: The request body.
        tries: Number of tries so far.
    """

    id: str
    event: str
    body: str
    tries: int


class Calls:
    """The stored calls; `Store.change` adds them.

    Args:
        database: Where they are stored.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def due(self, limit: int = 20) -> list[Call]:
        """Returns the calls that are due, oldest first. For each summary only its first pending call, so that
        "withdrawn" never arrives before "approved"."""
        other = _calls.alias()
        older = sa.exists().where(
            other.c.summary_id == _calls.c.summary_id, other.c.number < _calls.c.number, other.c.due.is_not(None)
        )
        query = _calls.select().where(_calls.c.due <= now(), ~older).order_by(_calls.c.due).limit(limit)
        with self._db.read() as db:
            return [Call(r["id"], r["event"], r["body"], r["tries"]) for r in db.execute(query).mappings()]

    def made(self, id: str, error: str | None = None, again: str | None = None) -> None:
        """Records a try. A successful call is deleted. A failed call is due again at `again`; without `again` it is
        given up, and stays stored with its error."""
        with self._db.write() as db:
            if error is None:
                db.execute(_calls.delete().where(_calls.c.id == id))
                return
            values = {"tries": _calls.c.tries + 1, "due": again, "error": error}
            db.execute(_calls.update().where(_calls.c.id == id).values(values))

    def failed(self) -> int:
        """Returns the number of calls that were given up."""
        with self._db.read() as db:
            return int(db.execute(sa.select(sa.func.count()).where(_calls.c.due.is_(None))).scalar() or 0)


async def deliver(calls: Calls, settings: Settings) -> None:
    """Makes the calls that are due, in an endless loop.

    Args:
        calls: The stored calls.
        settings: The settings with the URL and the secret.
    """
    async with httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False) as client:
        while True:
            try:
                due = await asyncio.to_thread(calls.due)
                await asyncio.gather(*(_make(client, calls, settings, call) for call in due))
            except Exception as error:  # for example, a locked database: the next round tries again
                _log.warning("webhook: %s", error)
            await asyncio.sleep(_PAUSE)


async def _make(client: httpx.AsyncClient, calls: Calls, settings: Settings, call: Call) -> None:
    at = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "Desk-Event": call.event,
        "Desk-Delivery": call.id,
        "Desk-Signature": f"t={at},sha256={signature(settings.secret, at, call.body)}",
    }
    try:
        answer = await client.post(str(settings.webhook), content=call.body.encode(), headers=headers)
        error = None if answer.is_success else f"the response had the status {answer.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL) as failure:
        error = f"{type(failure).__name__}: {failure}"
    again = None
    if error and call.tries + 1 < TRIES:
        again = stamp(datetime.now(UTC) + timedelta(seconds=_FIRST * 2**call.tries))
    if error:
        _log.warning("webhook: %s: %s; %s", call.id, error, f"next try at {again}" if again else "given up")
    await asyncio.to_thread(calls.made, call.id, error, again)


def signature(secret: str, at: str, body: str) -> str:
    """Returns the HMAC-SHA256, in hex digits, of the time and the body, joined by a full stop."""
    return hmac.new(secret.encode(), f"{at}.{body}".encode(), sha256).hexdigest()
