"""How far a run has come, on standard error."""

from __future__ import annotations

import sys
import time

from .records import STDIN, Archive

_LOOK = 0.5
"""Seconds between two looks at the progress; where standard error is no terminal, `_RARELY`."""
_RARELY = 30.0


class Progress:
    """A line on standard error: how much, how fast, how long still. On a terminal it is written over again and again.

    Args:
        archive: What is being read, which knows how far it has come; None shows nothing.
    """

    def __init__(self, archive: Archive | None) -> None:
        self._archive = archive
        self._began = self._looked = time.monotonic()
        self._from = self._read = 0

    def begin(self, earlier: int) -> None:
        """Notes where this run begins."""
        self._began, self._from = time.monotonic(), earlier
        if self._archive:
            self._read = self._archive.read
            if earlier:
                print(f"{earlier:,} records are there already", file=sys.stderr)

    def cut(self, size: int) -> None:
        """Says that a piece of a chunk was cut off."""
        if self._archive and size:
            print(f"{size:,} bytes of an unfinished chunk are done again", file=sys.stderr)

    def __call__(self, count: int, errors: int) -> None:
        """Shows the state, if it was not shown just now."""
        now = time.monotonic()
        terminal = sys.stderr.isatty()
        if not self._archive or now - self._looked < (_LOOK if terminal else _RARELY):
            return
        self._looked = now
        rate = (count - self._from) / max(now - self._began, 1e-9)
        left = self._left(now - self._began)
        text = f"{count:,} articles, {errors:,} errors, {rate:.1f}/s{left}"
        print(f"\r{text:<78}" if terminal else text, end="" if terminal else "\n", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leaves the line."""
        if self._archive and sys.stderr.isatty():
            print(f"\r{'':<78}\r", end="", file=sys.stderr, flush=True)

    def _left(self, passed: float) -> str:
        assert self._archive
        done, todo = self._archive.read - self._read, self._archive.size - self._archive.read
        if self._archive.place == STDIN or done <= 0:
            return ""
        minutes, seconds = divmod(round(passed * todo / done), 60)
        hours, minutes = divmod(minutes, 60)
        return f", {hours}:{minutes:02}:{seconds:02} left"
