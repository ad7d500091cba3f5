"""Calls another system when a list is approved or withdrawn: signed, tried again, and kept until they went well."""

from __future__ import annotations

import asyncio
import hmac
import sys
import time
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import httpx

from .settings import Settings
from .store import Call, Store, stamp

TRIES = 12
"""Tries before a call is given up: the last one some 17 hours after the first."""
_PAUSE = 1.0
_FIRST = 30.0
"""Seconds to the second try; each next one waits twice as long."""
_TIMEOUT = 10.0


async def deliver(store: Store, settings: Settings) -> None:
    """Makes the calls that are due, for ever.

    Args:
        store: Where they are kept.
        settings: Address and secret.
    """
    async with httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False) as client:
        while True:
            try:
                calls = await asyncio.to_thread(store.due_calls)
                await asyncio.gather(*(_make(client, store, settings, call) for call in calls))
            except Exception as error:  # the database is locked, say: the next round tries again
                print(f"webhook: {error}", file=sys.stderr)
            await asyncio.sleep(_PAUSE)


async def _make(client: httpx.AsyncClient, store: Store, settings: Settings, call: Call) -> None:
    at = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "Desk-Event": call.event,
        "Desk-Delivery": call.id,
        "Desk-Signature": f"t={at},sha256={signature(settings.secret, at, call.body)}",
    }
    try:
        answer = await client.post(str(settings.webhook), content=call.body.encode(), headers=headers)
        error = None if answer.is_success else f"the answer was {answer.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL) as failure:
        error = f"{type(failure).__name__}: {failure}"
    again = None
    if error and call.tries + 1 < TRIES:
        again = stamp(datetime.now(UTC) + timedelta(seconds=_FIRST * 2**call.tries))
    if error:
        print(f"webhook: {call.id}: {error}; {'tried again ' + again if again else 'given up'}", file=sys.stderr)
    await asyncio.to_thread(store.called, call.id, error, again)


def signature(secret: str, at: str, body: str) -> str:
    """HMAC-SHA256, in hex digits, of the time and the body, with a full stop between them."""
    return hmac.new(secret.encode(), f"{at}.{body}".encode(), sha256).hexdigest()
