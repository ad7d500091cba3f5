"""Keeps two runs from writing to one folder. A local folder has a lock of the operating system, which ends with the
process. S3, GCS and similar storage has no locks: there, a run rewrites a small file at intervals while it is alive."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from uuid import uuid4

from ..errors import BatchError
from .resumable_writer import locked
from .storage import files_of, local_path, put, remove

NAME = "lock.run"
"""Name of the file in the folder."""
BEAT = 20.0
"""Seconds between two writes of the file."""
STALE = 3 * BEAT
"""A run that has not written the file for this many seconds counts as dead."""
_log = logging.getLogger(__name__)
_SETTLE = 3.0
"""Seconds until two runs that begin at the same moment see each other's file."""


@contextmanager
def claimed(folder: str) -> Iterator[None]:
    """Keeps other runs from writing to a folder.

    If a remote folder has the file of another run, it waits up to `STALE` seconds to see whether the file changes. The
    clocks of different machines are not compared.

    Args:
        folder: A folder or its URI.

    Raises:
        BatchError: Another run is writing to the folder.
    """
    path = local_path(folder)
    if path is not None:
        path.mkdir(parents=True, exist_ok=True)
        with locked(path / NAME, path):  # the file stays: another run may have it open
            yield
        return
    _wait_for_death(folder)
    run, ended = uuid4().hex, Event()
    beating = Thread(target=_beat, args=(folder, run, ended), daemon=True)
    try:
        _write(folder, run, 0)
        time.sleep(_SETTLE)
        if _read(folder)[0] != run:
            raise BatchError(f"another run has just begun to write to {folder}; wait for it")
        beating.start()
        yield
    finally:
        ended.set()
        if beating.is_alive():
            beating.join()
        try:
            if _read(folder)[0] == run:
                remove(f"{folder}/{NAME}")
        except OSError as error:  # the run's own error, if there is one, is more important
            _log.warning("%s/%s cannot be removed: %s", folder, NAME, error)


def _wait_for_death(folder: str) -> None:
    """Waits until it is certain that no other run is alive.

    Raises:
        BatchError: Another run is alive.
    """
    first = _read(folder)
    if not first[0]:
        return
    _log.warning("%s has the lock of another run; waiting up to %.0f seconds to see whether it is alive", folder, STALE)
    until = time.monotonic() + STALE
    while time.monotonic() < until:
        time.sleep(BEAT / 4)
        now = _read(folder)
        if now != first:
            if now[0]:
                raise BatchError(f"another run is writing to {folder}; wait for it")
            return


def _beat(folder: str, run: str, ended: Event) -> None:
    """Writes the file until the run ends or another run has taken the folder."""
    count = 0
    while not ended.wait(BEAT):
        count += 1
        try:
            if _read(folder)[0] not in (run, ""):
                _log.error("another run has taken %s: this one renewed its lock too late; stop one of them", folder)
                return
            _write(folder, run, count)
        except Exception as error:  # the next write may succeed
            _log.warning("%s/%s cannot be written: %s", folder, NAME, error)


def _read(folder: str) -> tuple[str, int]:
    """The run that wrote the file, and how often it has renewed it; ("", 0) if there is no file."""
    try:
        with next(files_of(f"{folder}/{NAME}")).open() as file:
            found = json.loads(file.read())
        return str(found["run"]), int(found.get("count", 0))
    except (BatchError, FileNotFoundError, StopIteration, ValueError, KeyError):  # no file, or a truncated one
        return "", 0


def _write(folder: str, run: str, count: int) -> None:
    with TemporaryDirectory() as scratch:
        made = Path(scratch) / NAME
        made.write_text(json.dumps({"run": run, "count": count}) + "\n", "utf-8")
        put(made, f"{folder}/{NAME}")
