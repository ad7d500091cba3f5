"""A line before the models: so many tasks run at a time, a limited number wait, and others are told when to come
back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Any, TypeVar

T = TypeVar("T")


class BusyError(Exception):
    """The line is full.

    Attributes:
        seconds: When to ask again.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too much is waiting; ask again in {seconds} seconds")
        self.seconds = seconds


@dataclass
class Load:
    """How much is asked for.

    Attributes:
        running: What is being done.
        waiting: What stands in line.
        seconds: What one task took lately.
    """

    running: int = 0
    waiting: int = 0
    seconds: float = 1.0


class TaskQueue:
    """A line of limited length before the models.

    Args:
        concurrency: Tasks that run at the same time.
        max_waiting: Maximum number of tasks that wait.
    """

    def __init__(self, concurrency: int, max_waiting: int) -> None:
        self._concurrency, self._max_waiting = concurrency, max_waiting
        self._pool = ThreadPoolExecutor(concurrency, "desk")
        self._lock = Lock()
        self.load = Load()

    async def __call__(self, task: Callable[[], T]) -> T:
        """Runs a task in a thread when its turn comes.

        Raises:
            BusyError: Too many wait.
        """
        with self._lock:
            if self.load.running + self.load.waiting >= self._concurrency + self._max_waiting:
                ahead = self.load.waiting + self.load.running
                raise BusyError(max(1, round(ahead * self.load.seconds / self._concurrency)))
            self.load.waiting += 1
        waiting = self._pool.submit(self._timed, task)
        waiting.add_done_callback(self._dropped)
        return await asyncio.wrap_future(waiting)

    def close(self) -> None:
        """Waits for what runs; what stands in line is dropped."""
        self._pool.shutdown(cancel_futures=True)

    def _dropped(self, task: Future[Any]) -> None:
        """Who hangs up before his turn leaves the line."""
        if task.cancelled():
            with self._lock:
                self.load.waiting -= 1

    def _timed(self, task: Callable[[], Any]) -> Any:
        began = monotonic()
        with self._lock:
            self.load.waiting -= 1
            self.load.running += 1
        try:
            return task()
        finally:
            with self._lock:
                self.load.running -= 1
                self.load.seconds += 0.1 * (monotonic() - began - self.load.seconds)
