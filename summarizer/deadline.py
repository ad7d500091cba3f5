"""Measures the stages of an article, and enforces its time limit."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Event, Lock

from .errors import TimeLimitError

STAGES = ("sentences", "encoder", "grouping", "rewriter", "checks")
"""The stages of an article, in order: splitting and tokenizing; sentence vectors and scores; grouping sentences into
points; writing by the rewriter or a language model; checking candidates and choosing among them."""


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


class Profile:
    """The seconds of each stage, summed over articles. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seconds: dict[str, float] = {}

    def add(self, seconds: Mapping[str, float]) -> None:
        """Adds seconds to stages."""
        with self._lock:
            for stage, value in seconds.items():
                self._seconds[stage] = self._seconds.get(stage, 0.0) + value

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds by stage. Stages of several articles run in parallel, so the sum can exceed the elapsed time. Time in
        which a stage waits for a core is included."""
        with self._lock:
            return dict(self._seconds)


class Deadline:
    """The time limit of one article, counted from the creation of this object.

    Args:
        limit: Maximum seconds. Default: no limit.
        profile: Collects the seconds of the stages. Default: they are not measured.
        what: Subject of the error message, such as "the check". Default: none; whoever catches the error adds it.
    """

    def __init__(self, limit: float | None = None, profile: Profile | None = None, what: str = "") -> None:
        self._what = f"{what} " if what else ""
        self._limit = limit
        self._profile = profile
        self._began = time.monotonic()
        self._stop = _STOP.get()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measures one of `STAGES`.

        Raises:
            TimeLimitError: The time was up before the stage began.
            CancelledError: The event of `stopped_by` was set.
        """
        self.check()
        began = time.perf_counter()
        yield
        if self._profile:
            self._profile.add({name: time.perf_counter() - began})

    def check(self) -> None:
        """Raises an error if the time is up.

        Raises:
            TimeLimitError: The time is up.
            CancelledError: The event of `stopped_by` was set.
        """
        if self._stop and self._stop.is_set():
            raise CancelledError
        if self._limit is not None and time.monotonic() - self._began > self._limit:
            raise TimeLimitError(f"{self._what}took longer than its limit of {self._limit:g} seconds")

    @property
    def left(self) -> float | None:
        """Seconds left; None without a limit."""
        if self._stop and self._stop.is_set():
            return 0.0
        return None if self._limit is None else max(0.0, self._limit - (time.monotonic() - self._began))
