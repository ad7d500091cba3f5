"""Progress of a batch run, on standard error."""

from __future__ import annotations

import sys
import time

from tqdm import tqdm

from .archive_reader import STDIN, Archive
from .output import Output

_INTERVAL = 0.5
"""Seconds between two updates on a terminal."""
_LOG_INTERVAL = 30.0
"""Seconds between two updates elsewhere, such as in a log file."""


class Progress:
    """A progress line: summaries, errors, articles per second, remaining time.

    The remaining time is estimated from the bytes that were read, since the number of records is not known in advance.

    Args:
        archive: The archive that is read. None: no progress is shown.
        out: The output.
    """

    def __init__(self, archive: Archive | None, out: Output) -> None:
        self._archive, self._out = archive, out
        self._bar: tqdm[None] | None = None
        self._began = time.monotonic()
        if not archive:
            return
        if out.cut:
            print(f"{out.cut:,} half-written bytes were cut off; these records are made again", file=sys.stderr)
        if out.earlier:
            print(f"{out.earlier:,} summaries are already in the output", file=sys.stderr)
        terminal = sys.stderr.isatty()
        timed = archive.place != STDIN
        self._bar = tqdm(
            total=archive.size if timed else None,
            desc=f"{out.earlier:,} summaries",
            bar_format="{percentage:3.0f}%|{bar:20}| {desc}, {remaining} left" if timed else "{desc}",
            mininterval=_INTERVAL if terminal else _LOG_INTERVAL,
            miniters=0,
            smoothing=0,  # an archive is read in jumps, so only the mean rate says how long it still takes
            leave=not terminal,  # the last state
            file=sys.stderr if terminal else _Lines(),
        )

    def update(self) -> None:
        """Shows the counts of the output."""
        if self._bar is not None and self._archive:
            out = self._out
            rate = (out.written + out.errors) / max(time.monotonic() - self._began, 1e-9)
            count = out.earlier + out.written
            self._bar.set_description_str(f"{count:,} summaries, {out.errors:,} errors, {rate:.1f}/s", refresh=False)
            self._bar.update(self._archive.read - self._bar.n)

    def close(self) -> None:
        """Ends the line."""
        if self._bar is not None:
            self._bar.close()


class _Lines:
    """Standard error for a log file: each update becomes a line of its own."""

    def write(self, text: str) -> None:
        if text := text.strip("\r\n "):
            print(text, file=sys.stderr)

    def flush(self) -> None:
        sys.stderr.flush()
