"""Keeps two runs from writing to one folder. On this machine the system's lock does it, which ends with the process; in
S3, GCS and the like, where there are no locks, a file that is written anew again and again."""

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
"""The file in the folder."""
BEAT = 20.0
"""Seconds after which it is written anew."""
STALE = 4 * BEAT
"""Seconds after which a run that has not written it is taken for dead."""
_log = logging.getLogger(__name__)
_SETTLE = 3.0
"""Seconds that two runs which begin in the same moment need to see each other's file."""


@contextmanager
def claimed(folder: str) -> Iterator[None]:
    """A folder that no other run writes to meanwhile.

    Args:
        folder: A folder or its URI.

    Raises:
        BatchError: Another run writes to it.
    """
    path = local_path(folder)
    if path is not None:
        path.mkdir(parents=True, exist_ok=True)
        with locked(path / NAME, path):  # the file stays: another run may have it open
            yield
        return
    mine, ended = uuid4().hex, Event()
    seconds = _age(folder)
    if seconds is not None and seconds < STALE:
        raise BatchError(
            f"another run wrote to {folder} {seconds:.0f} seconds ago; wait for it, or if it was killed, "
            f"{STALE - seconds:.0f} seconds"
        )
    beating = Thread(target=_beat, args=(folder, mine, ended), daemon=True)
    try:
        _write(folder, mine)
        time.sleep(_SETTLE)
        if _read(folder)[0] != mine:
            raise BatchError(f"another run has just begun to write to {folder}; wait for it")
        beating.start()
        yield
    finally:
        ended.set()
        if beating.is_alive():
            beating.join()
        if _read(folder)[0] == mine:
            remove(f"{folder}/{NAME}")


def _beat(folder: str, mine: str, ended: Event) -> None:
    """Says again and again that the run is there, until it ends or another has taken the folder."""
    while not ended.wait(BEAT):
        try:
            if _read(folder)[0] not in (mine, ""):
                _log.error("another run has taken %s: this one was silent for too long; stop one of them", folder)
                return
            _write(folder, mine)
        except Exception as error:  # the next beat tries again; it is stale only after some
            _log.warning("%s/%s cannot be written: %s", folder, NAME, error)


def _age(folder: str) -> float | None:
    owner, at = _read(folder)
    return time.time() - at if owner else None


def _read(folder: str) -> tuple[str, float]:
    """Who wrote the file, and when; ("", 0) where there is none."""
    try:
        with next(files_of(f"{folder}/{NAME}")).open() as file:
            found = json.loads(file.read())
        return str(found["run"]), float(found["at"])
    except (BatchError, StopIteration, ValueError, KeyError):  # none, or half of one
        return "", 0.0


def _write(folder: str, run: str) -> None:
    with TemporaryDirectory() as scratch:
        made = Path(scratch) / NAME
        made.write_text(json.dumps({"run": run, "at": time.time()}) + "\n", "utf-8")
        put(made, f"{folder}/{NAME}")
