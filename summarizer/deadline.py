"""Follows an article through the stages: what each cost, and whether the article's time is up."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock

from .errors import TimeLimitError

STAGES = ("sentences", "encoder", "grouping", "rewriter", "checks")
"""The stages of an article, in their order: splitting and tokens; sentence vectors and scores; the choice; what the
rewriter (or a checkpoint) writes; choosing and checking what it wrote."""


class Profile:
    """What the stages cost, summed over articles; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seconds: dict[str, float] = {}

    def add(self, seconds: Mapping[str, float]) -> None:
        """Adds the seconds of some stages."""
        with self._lock:
            for stage, value in seconds.items():
                self._seconds[stage] = self._seconds.get(stage, 0.0) + value

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds by stage. Stages of several articles run side by side, so the sum can exceed the time that passed; a
        stage that waits for a core is counted as it waits."""
        with self._lock:
            return dict(self._seconds)


class Deadline:
    """The watch of one article, started when its turn comes.

    Args:
        limit: Seconds that it may take; default: any.
        profile: Where the cost of its stages is added.
        what: What the message says took too long; default: who catches the error says it.
    """

    def __init__(self, limit: float | None = None, profile: Profile | None = None, what: str = "") -> None:
        self._what = f"{what} " if what else ""
        self._limit = limit
        self._profile = profile
        self._began = time.monotonic()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measures one of `STAGES`. None begins when the time is up.

        Raises:
            TimeLimitError: The time is up.
        """
        self.check()
        began = time.perf_counter()
        yield
        if self._profile:
            self._profile.add({name: time.perf_counter() - began})

    def check(self) -> None:
        """Looks at the time.

        Raises:
            TimeLimitError: It is up.
        """
        if self._limit is not None and time.monotonic() - self._began > self._limit:
            raise TimeLimitError(f"{self._what}took longer than its limit of {self._limit:g} seconds")

    @property
    def left(self) -> float | None:
        """Seconds that are left; None without a limit."""
        return None if self._limit is None else max(0.0, self._limit - (time.monotonic() - self._began))
