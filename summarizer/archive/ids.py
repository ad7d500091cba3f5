"""Which ids stand more than once in an archive: exact, and in bounded memory."""

from __future__ import annotations

import logging
import sqlite3
from hashlib import blake2b

_log = logging.getLogger(__name__)
_CACHE_KB = 8_000
"""Memory of the table; what does not fit lies in a temporary file, which SQLite makes and removes."""


class SeenIds:
    """The ids that were seen.

    Attributes:
        repeated: How often an id was seen again.
        first: The first id that was; "" if none was.
    """

    def __init__(self) -> None:
        self.repeated = 0
        self.first = ""
        self._full = False
        self._table = sqlite3.connect("", isolation_level=None)  # a temporary file of its own
        for line in ("journal_mode=OFF", "synchronous=OFF", f"cache_size=-{_CACHE_KB}"):
            self._table.execute(f"PRAGMA {line}")
        self._table.execute("CREATE TABLE seen (id BLOB PRIMARY KEY) WITHOUT ROWID")

    def add(self, id: str) -> None:
        """Notes an id."""
        if self._full:
            return
        digest = blake2b(id.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        try:
            new = self._table.execute("INSERT OR IGNORE INTO seen VALUES (?)", (digest,)).rowcount
        except sqlite3.Error as error:  # the temporary folder is full, say: a run does not end for a count
            self._full = True
            _log.warning("repeated ids are not counted any further: %s", error)
            return
        if not new:
            self.repeated += 1
            self.first = self.first or id

    def close(self) -> None:
        """Removes the table."""
        self._table.close()
