"""Executors, which summarize the records of a run: in this process, or in several, each with its own model.
`ray_executor.py` has the executor for many machines. `crashes.py` reads records that may kill a process."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context
from multiprocessing.synchronize import Semaphore
from typing import Protocol

from ..cpu import cores
from ..deadline import Profile
from ..errors import BatchError, ModelError
from ..models import folder_of
from .archive_reader import Record
from .output_lines import CHUNK_SIZE
from .worker import Job, Worker

_DIED = (
    "a worker process died while it loaded the model; is there too little memory? Use fewer processes, and run the "
    'same command again: it continues. (A script needs `if __name__ == "__main__":` around its call.)'
)
_CORES = 4
"""Cores per process. With more, some are idle while Python code runs between the calls of the models."""
_TASK = 4 * CHUNK_SIZE
"""Records per task of a process."""


def usual_processes(model: str, threads: int | None = None) -> int:
    """Default number of processes. A model of this project gets one for every four cores. A checkpoint of transformers
    gets one in all: it uses many cores itself, and may be too large to load twice.

    Args:
        model: As in `Summarizer.from_pretrained`.
        threads: Number of cores. Default: all that this process may use.
    """
    try:
        small = (folder_of(model) / "extractor").is_dir()
    except ModelError:  # not a local model: a name on the Hub, or a wrong name
        return 1
    return max(1, (threads or cores()) // _CORES) if small else 1


class DiedError(Exception):
    """A process died.

    Attributes:
        unfinished: The records that were read and have no line yet, in order.
    """

    def __init__(self, unfinished: Sequence[Record]) -> None:
        super().__init__("a process died")
        self.unfinished = tuple(unfinished)


class Executor(Protocol):
    """Summarizes the records of a run.

    Attributes:
        profile: Seconds of each stage.
    """

    profile: Profile

    @property
    def suspects(self) -> int:
        """Number of records that may have killed the process of the run: those that were in progress, if it summarizes
        itself; else 0."""

    def load(self) -> None:
        """Loads the model, so that a damaged one is reported before anything is written. A call loads it if necessary.

        Raises:
            ModelError: The model cannot be loaded.
            BatchError: A process died while it loaded the model.
        """

    def __call__(self, records: Iterator[Record]) -> Iterator[str]:
        """Yields the output line of each record, in order.

        Raises:
            DiedError: A process died. The records in its `unfinished` were already taken from `records`.
        """

    def close(self) -> None:
        """Waits for running tasks, and frees the model. A later call loads it again."""


class InProcess:
    """Summarizes in this process, which also reads and writes."""

    def __init__(self, job: Job) -> None:
        self.profile = Profile()
        self.suspects = 2 * (job.threads or cores()) + 4 * CHUNK_SIZE  # `stream` reads ahead for each thread
        self._job = job
        self._worker: Worker | None = None

    def load(self) -> None:
        """Loads the model."""
        self._worker = self._worker or Worker(self._job, self.profile)

    def __call__(self, records: Iterator[Record]) -> Iterator[str]:
        """Yields the output line of each record, in order."""
        self.load()
        assert self._worker
        return self._worker(records)

    def close(self) -> None:
        """Waits for running tasks, and frees the model."""
        if self._worker:
            self._worker.close()
            self._worker = None


class ProcessPool:
    """Summarizes in several processes, each with its own model."""

    def __init__(self, job: Job, count: int) -> None:
        self.profile = Profile()
        self.suspects = 0
        self._job = job
        self._count = count
        self._pool: ProcessPoolExecutor | None = None

    def load(self) -> None:
        """Starts the processes, which load the model."""
        if not self._pool:
            Worker(self._job).close()  # reports a damaged model; a process of the pool would only die
            self._pool = _pool(self._job, self._count)

    def __call__(self, records: Iterator[Record]) -> Iterator[str]:
        """Yields the output line of each record, in order. Up to two tasks per process are read ahead.

        Raises:
            DiedError: A process died.
        """
        self.load()
        assert self._pool
        tasks: deque[list[Record]] = deque()
        running: deque[Future[tuple[list[str], dict[str, float]]]] = deque()
        try:
            while True:
                task = list(islice(records, _TASK))
                if task:
                    tasks.append(task)  # before submit, which raises an error if a process has died
                    running.append(self._pool.submit(_work, task))
                if not tasks:
                    return
                if not task or len(running) > 2 * self._count:
                    lines, seconds = running.popleft().result()
                    tasks.popleft()
                    self.profile.add(seconds)
                    yield from lines
        except BrokenExecutor as error:
            self.close()
            raise DiedError([record for task in tasks for record in task]) from error

    def close(self) -> None:
        """Waits for running tasks, and ends the processes."""
        if self._pool:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


_worker: Worker | None = None


def _pool(job: Job, count: int) -> ProcessPoolExecutor:
    """Starts processes, and waits until they have loaded the model.

    Raises:
        BatchError: A process died while it loaded the model.
    """
    context = get_context("spawn")
    ready = context.Semaphore(0)
    pool = ProcessPoolExecutor(count, context, initializer=_begin, initargs=(job, ready))
    try:
        with _undisturbed():
            for _ in range(count):  # each starts a process
                pool.submit(time.sleep, 0)
            for _ in range(count):
                while not ready.acquire(timeout=0.2):
                    pool.submit(time.sleep, 0)  # fails once a process has died
    except BrokenExecutor as error:
        raise BatchError(_DIED) from error
    return pool


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Processes that start in this context ignore Ctrl-C. Only the process that writes the output handles it."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set signal handlers
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)


def _begin(job: Job, ready: Semaphore) -> None:
    from multiprocessing import parent_process

    global _worker  # noqa: PLW0603 - a process of the pool has exactly one worker
    parent = parent_process()
    assert parent

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()  # ends this process with its parent, even if that is killed
    _worker = Worker(job)
    ready.release()


def _work(records: list[Record]) -> tuple[list[str], dict[str, float]]:
    assert _worker
    _worker.profile = Profile()
    return list(_worker(records)), _worker.profile.seconds
