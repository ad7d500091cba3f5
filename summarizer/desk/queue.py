"""A queue of tasks for the models: a fixed number run at a time, a limited number wait, and more are refused with the
time after which to retry."""

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
    """The queue is full.

    Attributes:
        seconds: Seconds after which to retry.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too many requests are waiting; try again in {seconds} seconds")
        self.seconds = seconds


@dataclass
class Load:
    """The load of a queue.

    Attributes:
        running: Number of running tasks.
        waiting: Number of waiting tasks.
        seconds: Moving average of the seconds that a task runs.
    """

    running: int = 0
    waiting: int = 0
    seconds: float = 1.0


class TaskQueue:
    """A queue of limited length, with threads that run its tasks.

    Args:
        concurrency: Number of tasks that run at the same time.
        max_waiting: Maximum number of waiting tasks.
    """

    def __init__(self, concurrency: int, max_waiting: int) -> None:
        self._concurrency, self._max_waiting = concurrency, max_waiting
        self._pool = ThreadPoolExecutor(concurrency, "desk")
        self._lock = Lock()
        self.load = Load()

    async def __call__(self, task: Callable[[], T]) -> T:
        """Runs a task in a thread when its turn comes, and returns its result.

        Raises:
            BusyError: Too many tasks are waiting.
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
        """Waits for running tasks. Waiting tasks are cancelled."""
        self._pool.shutdown(cancel_futures=True)

    def _dropped(self, task: Future[Any]) -> None:
        """Stops counting a task that was cancelled while it waited."""
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
