"""The lines of an output: a record each, as JSON whose first field is the id, in chunks of `CHUNK_SIZE`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

CHUNK_SIZE = 16
"""Records that are written at once. A chunk is also what a worker is given, and what a checkpoint writes together."""
_OPENING = '{"id": '
_ERROR = ', "error": '
_DECODER = json.JSONDecoder()


def line_of(record: Mapping[str, Any]) -> str:
    """A record, which is plain data, as it is written."""
    return json.dumps(record, ensure_ascii=False, allow_nan=False)


def id_of(line: str) -> str:
    """The id of a line, without reading the rest.

    Raises:
        ValueError: It is no line of a batch run.
    """
    return _opening(line)[0]


def failed(line: str) -> bool:
    """Whether a line tells of an error instead of a summary."""
    return line.startswith(_ERROR, _opening(line)[1])


def in_chunks(lines: Iterable[str]) -> Iterator[list[str]]:
    """Lines in chunks, the last perhaps shorter."""
    lines = iter(lines)
    while chunk := list(islice(lines, CHUNK_SIZE)):
        yield chunk


def _opening(line: str) -> tuple[str, int]:
    """The id that a line opens with, and where it ends."""
    if not (line.startswith(_OPENING) and line.endswith("}")):
        raise ValueError
    value, end = _DECODER.raw_decode(line, len(_OPENING))
    return str(value), end
