"""Summarizes the records of a run: in this process, or in several, each with its own model."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context, parent_process
from multiprocessing.synchronize import Semaphore
from typing import Any

from ..cpu import cores
from ..errors import BatchError, WorkerDiedError
from ..writers import WriterOptions
from .archive_reader import Record
from .worker import Job, Worker

_DIED = (
    "a worker process died while it loaded the model; is there too little memory? Use fewer processes, and run the "
    'same command again: it continues. (A script needs `if __name__ == "__main__":` around its call.)'
)
_CORES = 4
"""Cores per process. With more, some are idle while Python code runs between the calls of the models."""
_TASK = 4
"""Records per task of a process."""
_NAMED = 40
"""Maximum number of ids in the message about a process that died."""


def usual_processes(threads: int | None = None, writer: WriterOptions | None = None) -> int:
    """Default number of processes: one for every four cores. With a language model that runs here it is one in all:
    such a model uses many cores itself, and may be too large to load twice.

    Args:
        threads: Number of cores. Default: all that this process may use.
        writer: The language model that writes; None: the shipped rewriter.
    """
    return 1 if writer and not writer.on_server else max(1, (threads or cores()) // _CORES)


class ProcessPool:
    """Summarizes in several processes, each with its own model.

    Args:
        job: What to do with each record.
        count: Number of processes.

    Raises:
        ModelError: The model cannot be loaded.
        BatchError: A process died while it loaded the model.
    """

    def __init__(self, job: Job, count: int) -> None:
        self._job, self._count = job, count
        Worker(job).close()  # reports a damaged model; a process of the pool would only die
        self._pool = _pool(job, count)

    def __call__(self, records: Iterator[Record]) -> Iterator[dict[str, Any]]:
        """Yields the output of each record, in order. Up to two tasks per process are read ahead.

        Raises:
            WorkerDiedError: A process died. The message names the records that were in progress.
        """
        running: deque[tuple[list[Record], Future[list[dict[str, Any]]]]] = deque()
        task: list[Record] = []
        try:
            while True:
                task = list(islice(records, _TASK))
                if task:
                    running.append((task, self._pool.submit(_work, task)))
                if not running:
                    return
                if not task or len(running) > 2 * self._count:
                    found = running[0][1].result()
                    running.popleft()
                    yield from found
        except BrokenExecutor as error:
            unfinished = [record for batch, _ in running for record in batch] or task
            ids = [self._job.fields.id_of(record) for record in unfinished]
            more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
            raise WorkerDiedError(
                f"a process died, and one of the records in progress may be the cause: {', '.join(ids[:_NAMED])}{more} "
                f"({unfinished[0].where} to {unfinished[-1].where}). Is there too little memory? The same command "
                "continues; --skip ID leaves a record out"
            ) from error

    def close(self) -> None:
        """Waits for running tasks, and ends the processes."""
        self._pool.shutdown(cancel_futures=True)


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
    global _worker  # noqa: PLW0603 - a process of the pool has exactly one worker
    parent = parent_process()
    assert parent

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()  # ends this process with its parent, even if that is killed
    _worker = Worker(job)
    ready.release()


def _work(records: list[Record]) -> list[dict[str, Any]]:
    assert _worker
    return list(_worker(records))
