"""Enforces the time limit of an article."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Event

from .errors import TimeLimitError

_STOP: ContextVar[Event | None] = ContextVar("stop", default=None)


@contextmanager
def stopped_by(event: Event) -> Iterator[None]:
    """Makes an event stop the calls for single articles that this thread makes in the `with` block: once it is set,
    they raise `concurrent.futures.CancelledError` where they would notice that their time is up."""
    before = _STOP.set(event)
    try:
        yield
    finally:
        _STOP.reset(before)


class Deadline:
    """The time limit of one article, counted from the creation of this object.

    Args:
        limit: Maximum seconds. Default: no limit.
        what: Subject of the error message.
    """

    def __init__(self, limit: float | None = None, what: str = "the article") -> None:
        self._limit, self._what = limit, what
        self._began = time.monotonic()
        self._stop = _STOP.get()

    def check(self) -> None:
        """Raises an error if the time is up.

        Raises:
            TimeLimitError: The time is up.
            CancelledError: The event of `stopped_by` was set.
        """
        if self._stop and self._stop.is_set():
            raise CancelledError
        if self._limit is not None and time.monotonic() - self._began > self._limit:
            raise TimeLimitError(f"{self._what} took longer than its limit of {self._limit:g} seconds")

    @property
    def left(self) -> float | None:
        """Seconds left; None without a limit."""
        if self._stop and self._stop.is_set():
            return 0.0
        return None if self._limit is None else max(0.0, self._limit - (time.monotonic() - self._began))
