"""Progress of a batch run, on standard error."""

from __future__ import annotations

import sys
import time

from tqdm import tqdm

from .archive_reader import STDIN, Archive

_INTERVAL = 0.5
"""Seconds between two updates on a terminal."""
_LOG_INTERVAL = 30.0
"""Seconds between two updates elsewhere, such as in a log file."""


class Progress:
    """A progress line: articles, errors, articles per second, remaining time.

    The remaining time is estimated from the bytes that were read, since the number of records is not known in advance.

    Args:
        archive: The archive that is read. None: no progress is shown.
        timed: Whether the remaining time is shown. It needs `archive.read`, which does not grow if other machines read.
    """

    def __init__(self, archive: Archive | None, timed: bool = True) -> None:
        self._archive = archive
        self._timed = timed and archive is not None and archive.place != STDIN
        self._bar: tqdm[None] | None = None
        self._began = time.monotonic()
        self._earlier = 0

    def begin(self, earlier: int) -> None:
        """Starts the line.

        Args:
            earlier: Number of records that the output already has.
        """
        self._began, self._earlier = time.monotonic(), earlier
        if not self._archive:
            return
        if earlier:
            print(f"{earlier:,} records are already in the output", file=sys.stderr)
        if self._timed and self._archive.read >= self._archive.size:  # all of it is done
            return
        terminal = sys.stderr.isatty()
        self._bar = tqdm(
            total=self._archive.size if self._timed else None,
            initial=self._archive.read,
            desc=f"{earlier:,} articles",
            bar_format="{percentage:3.0f}%|{bar:20}| {desc}, {remaining} left" if self._timed else "{desc}",
            mininterval=_INTERVAL if terminal else _LOG_INTERVAL,
            miniters=0,
            smoothing=0,  # an archive is read in jumps, so only the mean rate says how long it still takes
            leave=not terminal,  # the last state
            file=sys.stderr if terminal else _Lines(),
        )

    def cut(self, size: int) -> None:
        """Reports an unfinished chunk that was cut off from the output.

        Args:
            size: Size of the chunk in bytes.
        """
        if self._archive and size:
            print(f"{size:,} bytes of an unfinished chunk were cut off; it is made again", file=sys.stderr)

    def __call__(self, count: int, errors: int, share: float = 1.0) -> None:
        """Updates the line.

        Args:
            count: Number of records in the output.
            errors: Number of errors among them.
            share: Fraction of the records that were read whose lines are in the output; the others are in progress.
        """
        if self._bar is not None and self._archive:
            rate = (count - self._earlier) / max(time.monotonic() - self._began, 1e-9)
            self._bar.set_description_str(f"{count:,} articles, {errors:,} errors, {rate:.1f}/s", refresh=False)
            self._bar.update(round(share * self._archive.read) - self._bar.n)

    def end(self) -> None:
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
