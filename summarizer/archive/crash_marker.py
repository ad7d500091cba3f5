"""Where a run began, so that the next one knows that this one died there: of too little memory, or of an article that
ends the process that reads it."""

from __future__ import annotations

from pathlib import Path


class CrashMarker:
    """A note in a file. A run that ends in any other way than by the death of a process takes it away.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def died_at(self, position: int) -> bool:
        """Whether the last run began at this position, in records of the output, and died."""
        try:
            return int(self._path.read_text("ascii")) == position
        except (OSError, ValueError):
            return False

    def begin(self, position: int) -> None:
        """Notes that a run begins there."""
        self._path.write_text(str(position), "ascii")

    def end(self) -> None:
        """Takes the note away."""
        self._path.unlink(missing_ok=True)
