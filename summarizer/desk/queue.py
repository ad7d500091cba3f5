"""A queue of tasks: a fixed number run at a time, a limited number wait, and more are refused with the time after which
to retry. And a process for tasks that have to be killed when they take too long."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.pool import Pool
from os import getpid
from queue import Empty, SimpleQueue
from threading import Event, Lock
from time import monotonic
from typing import Any, TypeVar

from ..deadline import Deadline, stopped_by

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


@dataclass(frozen=True, eq=False)
class _Task:
    run: Callable[[], Any]
    sender: str
    result: Future[Any] = field(default_factory=Future)
    stop: Event = field(default_factory=Event)


class TaskQueue:
    """A queue of limited length, with threads that run its tasks. Senders take turns, and one thread is kept free for
    others: a sender has at most all threads but one.

    Args:
        concurrency: Number of tasks that run at the same time.
        max_waiting: Maximum number of waiting tasks of a sender; all senders together may have four times as many.
    """

    def __init__(self, concurrency: int, max_waiting: int) -> None:
        self._concurrency, self._max_waiting = concurrency, max_waiting
        self._pool = ThreadPoolExecutor(concurrency, "desk")
        self._lock = Lock()
        self._waiting: list[_Task] = []
        self._running: Counter[str] = Counter()
        self.load = Load()

    async def __call__(self, run: Callable[[], T], sender: str) -> T:
        """Runs a task in a thread when its turn comes, and returns its result. If the caller is cancelled, a waiting
        task is dropped, and a running one stops between two of its steps (`deadline.stopped_by`).

        Args:
            run: The task.
            sender: Who sent it.

        Raises:
            BusyError: Too many tasks are waiting.
        """
        task = _Task(run, sender)
        with self._lock:
            own = sum(other.sender == sender for other in self._waiting)
            full = own >= self._max_waiting or len(self._waiting) >= 4 * self._max_waiting
            if full and not self._can_start(sender):
                ahead = len(self._waiting) + self._running.total()
                raise BusyError(max(1, round(ahead * self.load.seconds / self._concurrency)))
            self._waiting.append(task)
            self._start()
        try:
            found: T = await asyncio.wrap_future(task.result)
        except asyncio.CancelledError:
            task.stop.set()
            with self._lock:
                if task in self._waiting:
                    self._waiting.remove(task)
                    self._count()
            raise
        return found

    def close(self) -> None:
        """Waits for running tasks. Waiting tasks are cancelled."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for task in waiting:
            task.result.cancel()
        self._pool.shutdown()

    def _start(self) -> None:
        """Starts the tasks whose turn it is; the caller holds the lock."""
        while task := next((waiting for waiting in self._waiting if self._can_start(waiting.sender)), None):
            self._waiting.remove(task)
            own = [waiting for waiting in self._waiting if waiting.sender == task.sender]
            # Behind the others: it was their turn.
            self._waiting = [waiting for waiting in self._waiting if waiting.sender != task.sender] + own
            if task.result.set_running_or_notify_cancel():
                self._running[task.sender] += 1
                self._pool.submit(self._run, task)
        self._count()

    def _can_start(self, sender: str) -> bool:
        share = max(1, self._concurrency - 1)
        return self._running.total() < self._concurrency and self._running[sender] < share

    def _run(self, task: _Task) -> None:
        began = monotonic()
        try:
            with stopped_by(task.stop):
                found = task.run()
        except BaseException as error:
            self._ended(task, monotonic() - began)
            task.result.set_exception(error)
        else:
            self._ended(task, monotonic() - began)
            task.result.set_result(found)

    def _ended(self, task: _Task, seconds: float) -> None:
        with self._lock:
            self._running[task.sender] -= 1
            self._running += Counter()  # forgets senders without tasks
            self.load.seconds += 0.1 * (seconds - self.load.seconds)
            self._start()

    def _count(self) -> None:
        self.load.running, self.load.waiting = self._running.total(), len(self._waiting)


class KillableProcess:
    """Runs tasks in another process, which is killed when a task takes too long: C code such as libxml2's, which needs
    minutes for a tag with 60,000 attributes, cannot be stopped in another way. A process serves many tasks, one at a
    time; each thread that calls at the same time has its own.

    Args:
        limit: Maximum seconds of a task. The start of a process does not count.
        what: Subject of the error message, such as "reading the page".
    """

    def __init__(self, limit: float, what: str) -> None:
        self._limit, self._what = limit, what
        self._idle: SimpleQueue[Pool] = SimpleQueue()

    def __call__(self, run: Callable[[], T]) -> T:
        """Runs a task, which is pickled as its result is.

        Raises:
            TimeLimitError: The task took too long.
            CancelledError: Nobody waits for it any more (`deadline.stopped_by`).
        """
        try:
            pool = self._idle.get_nowait()
        except Empty:
            pool = get_context("spawn").Pool(1)
            pool.apply(getpid)  # returns once the process has started
        deadline = Deadline(self._limit, what=self._what)
        result = pool.apply_async(run)
        try:
            while not result.ready():
                result.wait(0.1)
                deadline.check()
        except BaseException:
            pool.terminate()
            raise
        self._idle.put(pool)
        return result.get()

    def close(self) -> None:
        """Ends the processes that wait for a task."""
        with suppress(Empty):
            while True:
                self._idle.get_nowait().terminate()
