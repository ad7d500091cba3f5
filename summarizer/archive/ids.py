"""Counts the ids that occur more than once in an archive: exactly, and in bounded memory."""

from __future__ import annotations

import logging
import sqlite3
from hashlib import blake2b

_log = logging.getLogger(__name__)
_CACHE_KB = 8_000
"""Kilobytes of memory for the table. SQLite keeps the rest in a temporary file, which it creates and removes."""


class SeenIds:
    """The ids that a run has seen.

    Attributes:
        repeated: Number of records whose id was seen before.
        first: The first repeated id; "" if there is none.
    """

    def __init__(self) -> None:
        self.repeated = 0
        self.first = ""
        self._full = False
        self._table = sqlite3.connect("", isolation_level=None)  # "": a temporary file
        for line in ("journal_mode=OFF", "synchronous=OFF", f"cache_size=-{_CACHE_KB}"):
            self._table.execute(f"PRAGMA {line}")
        self._table.execute("CREATE TABLE seen (id BLOB PRIMARY KEY) WITHOUT ROWID")

    def add(self, id: str) -> None:
        """Adds an id, and counts it if it was seen before."""
        if self._full:
            return
        digest = blake2b(id.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        try:
            new = self._table.execute("INSERT OR IGNORE INTO seen VALUES (?)", (digest,)).rowcount
        except sqlite3.Error as error:  # such as a full temporary folder; the run continues without the count
            self._full = True
            _log.warning("repeated ids are no longer counted: %s", error)
            return
        if not new:
            self.repeated += 1
            self.first = self.first or id

    def close(self) -> None:
        """Removes the table."""
        self._table.close()
