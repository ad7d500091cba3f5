"""Who does a run's work: this process, or several, each with a model of its own; `cluster.py` has many machines."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future
from contextlib import contextmanager
from itertools import islice
from typing import Protocol

from ..cpu import cores
from ..deadline import Profile
from ..errors import BatchError, ModelError
from ..models import folder_of
from .lines import CHUNK
from .records import Record
from .worker import Job, Worker

_DIED = (
    "a worker process died; was there too little memory? Use fewer processes, and run the same again: it goes on. (A "
    'script of its own needs `if __name__ == "__main__":` around what it does.)'
)
_CORES = 4
"""Cores of a process: what Python does between the models' work would keep more of them waiting."""
_TASK = 4 * CHUNK
"""Records that a process is given at once."""


def usual_processes(model: str, threads: int | None = None) -> int:
    """Processes that keep so many cores busy (default: all that this process may use): one for each four with a shipped
    model, one in all with a checkpoint, which uses many cores itself and may not be in memory twice."""
    try:
        small = (folder_of(model) / "extractor").is_dir()
    except ModelError:  # a name on the Hub, or none
        return 1
    return max(1, (threads or cores()) // _CORES) if small else 1


class Executor(Protocol):
    """Those who do the work of a run, wherever they are."""

    profile: Profile

    def __call__(self, records: Iterable[Record]) -> Iterator[str]:
        """The line of each record, in order."""

    def close(self) -> None:
        """Waits for what runs, and lets go."""


class InProcess:
    """Does the work in this process, which reads and writes beside it."""

    def __init__(self, job: Job) -> None:
        self.profile = Profile()
        self._worker = Worker(job, self.profile)

    def __call__(self, records: Iterable[Record]) -> Iterator[str]:
        """The line of each record, in order."""
        return self._worker(records)

    def close(self) -> None:
        """Waits for what runs, and lets go of the model's threads."""
        self._worker.close()


class ProcessPool:
    """Does the work in processes, each with a model of its own."""

    def __init__(self, job: Job, count: int) -> None:
        from concurrent.futures import ProcessPoolExecutor  # here, since a first summary need not wait for them
        from multiprocessing import get_context

        Worker(job).close()  # what is wrong with the model is said here, and not by a process that dies of it
        self.profile = Profile()
        self._count = count
        self._pool = ProcessPoolExecutor(count, get_context("spawn"), initializer=_begin, initargs=(job,))
        with _undisturbed():
            for future in [self._pool.submit(time.sleep, 0) for _ in range(count)]:
                future.result()

    def __call__(self, records: Iterable[Record]) -> Iterator[str]:
        """The line of each record, in order; a few tasks for each process are read ahead.

        Raises:
            BatchError: A process died.
        """
        records = iter(records)
        waiting: deque[Future[tuple[list[str], dict[str, float]]]] = deque()
        try:
            while task := list(islice(records, _TASK)):
                waiting.append(self._pool.submit(_work, task))
                if len(waiting) > 2 * self._count:
                    yield from self._done(waiting.popleft())
            while waiting:
                yield from self._done(waiting.popleft())
        except BrokenExecutor as error:
            raise BatchError(_DIED) from error

    def close(self) -> None:
        """Waits for the tasks that run, and ends the processes."""
        self._pool.shutdown(cancel_futures=True)

    def _done(self, future: Future[tuple[list[str], dict[str, float]]]) -> list[str]:
        lines, seconds = future.result()
        self.profile.add(seconds)
        return lines


_worker: Worker | None = None


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Lets processes begin that Ctrl-C, which is for the one that writes, does not reach."""
    if threading.current_thread() is not threading.main_thread():  # no other may say what a signal does
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    except BrokenExecutor as error:
        raise BatchError(_DIED) from error
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)


def _begin(job: Job) -> None:
    from multiprocessing import parent_process

    global _worker  # noqa: PLW0603 - a process of the pool is this worker and nothing else
    parent = parent_process()
    assert parent

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()  # a parent that was killed leaves none behind
    _worker = Worker(job)


def _work(records: list[Record]) -> tuple[list[str], dict[str, float]]:
    assert _worker
    _worker.profile = Profile()
    return list(_worker(records)), _worker.profile.seconds
