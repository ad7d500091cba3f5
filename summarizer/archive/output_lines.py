"""The lines of an output. Each is one record as JSON, and begins with the id; `CHUNK_SIZE` lines are a chunk."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

CHUNK_SIZE = 16
"""Number of records that are written together."""
_OPENING = '{"id": '
_ERROR = ', "error": '
_DECODER = json.JSONDecoder()


def line_of(record: Mapping[str, Any]) -> str:
    """Returns a record, which must be plain data, as a line."""
    return json.dumps(record, ensure_ascii=False, allow_nan=False)


def id_of(line: str) -> str:
    """Returns the id of a line, without parsing the rest.

    Raises:
        ValueError: The line was not written by a batch run.
    """
    return _opening(line)[0]


def failed(line: str) -> bool:
    """True if a line has an error instead of a summary."""
    return line.startswith(_ERROR, _opening(line)[1])


def in_chunks(lines: Iterable[str]) -> Iterator[list[str]]:
    """Groups lines into chunks. The last chunk can be shorter."""
    lines = iter(lines)
    while chunk := list(islice(lines, CHUNK_SIZE)):
        yield chunk


def _opening(line: str) -> tuple[str, int]:
    """The id at the beginning of a line, and the position after it."""
    if not (line.startswith(_OPENING) and line.endswith("}")):
        raise ValueError
    value, end = _DECODER.raw_decode(line, len(_OPENING))
    return str(value), end
