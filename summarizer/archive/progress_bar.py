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
    """

    def __init__(self, archive: Archive | None) -> None:
        self._archive = archive
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
        known, terminal = self._archive.place != STDIN, sys.stderr.isatty()
        self._bar = tqdm(
            total=self._archive.size if known else None,
            initial=self._archive.read,
            bar_format="{percentage:3.0f}%|{bar:20}| {desc}, {remaining} left" if known else "{desc}",
            mininterval=_INTERVAL if terminal else _LOG_INTERVAL,
            miniters=0,
            leave=not terminal,
            file=sys.stderr if terminal else _Lines(),
        )

    def cut(self, size: int) -> None:
        """Reports an unfinished chunk that was cut off from the output.

        Args:
            size: Size of the chunk in bytes.
        """
        if self._archive and size:
            print(f"{size:,} bytes of an unfinished chunk were cut off; it is made again", file=sys.stderr)

    def __call__(self, count: int, errors: int) -> None:
        """Updates the line.

        Args:
            count: Number of records in the output.
            errors: Number of errors among them.
        """
        if self._bar is not None and self._archive:
            rate = (count - self._earlier) / max(time.monotonic() - self._began, 1e-9)
            self._bar.set_description_str(f"{count:,} articles, {errors:,} errors, {rate:.1f}/s", refresh=False)
            self._bar.update(self._archive.read - self._bar.n)

    def end(self) -> None:
        """Ends the line."""
        if self._bar is not None:
            self._bar.close()


class _Lines:
    """Standard error as a log file: each update is a new line, where tqdm would overwrite the last one."""

    def write(self, text: str) -> None:
        sys.stderr.write(text.replace("\r", "\n"))

    def flush(self) -> None:
        sys.stderr.flush()
