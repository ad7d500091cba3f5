"""Where the records of a run are summarized: in this process, or in several, each with a model of its own.
`ray_executor.py` has many machines."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context
from typing import Protocol

from ..cpu import cores
from ..deadline import Profile
from ..errors import BatchError, ModelError, WorkerDiedError
from ..models import folder_of
from .lines import CHUNK_SIZE
from .records import Record
from .worker import Job, Worker

_DIED = (
    "a worker process died; was there too little memory? Use fewer processes, and run the same again: it goes on. (A "
    'script of its own needs `if __name__ == "__main__":` around what it does.)'
)
_CORES = 4
"""Cores of a process: what Python does between the models' work would keep more of them waiting."""
_TASK = 4 * CHUNK_SIZE
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
    """What summarizes the records of a run."""

    profile: Profile

    def __call__(self, records: Iterable[Record]) -> Iterator[str]:
        """The line of each record, in order."""

    def close(self) -> None:
        """Waits for what runs, and lets go."""


class InProcess:
    """Summarizes in this process, which also reads and writes."""

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
    """Summarizes in processes, each with a model of its own."""

    def __init__(self, job: Job, count: int) -> None:
        Worker(job).close()  # what is wrong with the model is said here, and not by a process that dies of it
        self.profile = Profile()
        self._count = count
        self._pool = _pool(job, count)

    def __call__(self, records: Iterable[Record]) -> Iterator[str]:
        """The line of each record, in order; a few tasks for each process are read ahead.

        Raises:
            WorkerDiedError: A process died.
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
            raise WorkerDiedError(_DIED) from error

    def close(self) -> None:
        """Waits for the tasks that run, and ends the processes."""
        self._pool.shutdown(cancel_futures=True)

    def _done(self, future: Future[tuple[list[str], dict[str, float]]]) -> list[str]:
        lines, seconds = future.result()
        self.profile.add(seconds)
        return lines


class OneByOne:
    """Gives each record to a process of its own, so that one which ends its process ends no other: after the second
    time its line is an error. Slow: for the few records of which one is known to do so.

    Args:
        job: What is to be done.
        profile: Where the cost of the stages is added.
    """

    def __init__(self, job: Job, profile: Profile) -> None:
        self.profile = profile
        self._job = job
        self._pool: ProcessPoolExecutor | None = None

    def __call__(self, records: Iterable[Record]) -> Iterator[str]:
        """The line of each record, in order."""
        for record in records:
            yield self._line(record)

    def close(self) -> None:
        """Ends the process."""
        if self._pool:
            self._pool.shutdown()

    def _line(self, record: Record) -> str:
        for _ in range(2):
            self._pool = self._pool or _pool(self._job, 1)
            try:
                (line,), seconds = self._pool.submit(_work, [record]).result()
            except BrokenExecutor:
                self.close()
                self._pool = None
                continue
            self.profile.add(seconds)
            return line
        message = "the process that read it died, and did so again; is there too little memory for it?"
        return self._job.line(record, WorkerDiedError(message))


_worker: Worker | None = None


def _pool(job: Job, count: int) -> ProcessPoolExecutor:
    """Processes with a model each, which are ready.

    Raises:
        BatchError: One died of that.
    """
    pool = ProcessPoolExecutor(count, get_context("spawn"), initializer=_begin, initargs=(job,))
    try:
        with _undisturbed():
            for future in [pool.submit(time.sleep, 0) for _ in range(count)]:
                future.result()
    except BrokenExecutor as error:
        raise BatchError(_DIED) from error
    return pool


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Lets processes begin that Ctrl-C, which is for the one that writes, does not reach."""
    if threading.current_thread() is not threading.main_thread():  # no other may say what a signal does
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
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
