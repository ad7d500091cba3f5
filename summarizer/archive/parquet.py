"""Writes the records of a batch run to a Parquet file, and reads them back. Needs the extra `batch`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from ..errors import BatchError
from .output_lines import CHUNK_SIZE, line_of
from .storage import pyarrow

_GROUP = 64 * CHUNK_SIZE
"""Records per row group, the part of a file that is written or read at once."""


def schema() -> Any:
    """Returns the columns. A record with an error has nulls in the columns of a summary, and vice versa."""
    pa = pyarrow()
    text, number = pa.string(), pa.int64()
    span = pa.struct([("start", number), ("end", number), ("text", text)])
    check = pa.struct([("kind", text), ("passed", pa.bool_()), ("evidence", text)])
    options = pa.struct([("bullets", text), ("length", text), ("policy", text), ("min_confidence", pa.float64())])
    bullet = pa.struct(
        [
            ("text", text),
            ("score", pa.float64()),
            ("method", text),
            ("sources", pa.list_(span)),
            ("checks", pa.list_(check)),
        ]
    )
    return pa.schema(
        [
            ("id", text),
            ("error", pa.struct([("kind", text), ("message", text)])),
            ("status", text),
            ("disclosure", text),
            ("software", text),
            ("cpu", text),
            ("model", pa.struct([("name", text), ("version", text)])),
            ("options", options),
            ("title", text),
            ("text", text),
            ("language", text),
            ("bullets", pa.list_(bullet)),
            ("warnings", pa.list_(text)),
            ("carried", text),
        ]
    )


def write(path: Path, lines: Iterable[str]) -> None:
    """Writes records, which are lines of JSON, in row groups."""
    pa = pyarrow()
    columns = schema()
    with pa.parquet.ParquetWriter(path, columns, compression="zstd") as writer:
        remaining = iter(lines)
        while rows := [row(json.loads(line)) for line in islice(remaining, _GROUP)]:
            writer.write_table(pa.Table.from_pylist(rows, columns))


def row(record: dict[str, Any]) -> dict[str, Any]:
    """Converts a record to a row of the table."""
    found = dict(record)
    if "options" in found:
        found["options"] = found["options"] | {"bullets": str(found["options"]["bullets"])}
    if "carried" in found:  # as JSON, since archives have different fields
        found["carried"] = json.dumps(found["carried"], ensure_ascii=False)
    return found


def lines_of(path: Path) -> Iterator[list[str]]:
    """Yields the chunks of a Parquet file, with each record as the line of JSON from which it was made.

    Raises:
        BatchError: The file is damaged, or was not written by a batch run.
    """
    try:
        rows = (row for batch in pyarrow().parquet.ParquetFile(path).iter_batches(_GROUP) for row in batch.to_pylist())
        while chunk := [line_of(_record(row)) for row in islice(rows, CHUNK_SIZE)]:
            yield chunk
    except (pyarrow().ArrowException, KeyError, TypeError, OSError) as error:
        raise BatchError(f"{path} cannot be read: {error}. Delete it, or use --overwrite") from error


def _record(row: dict[str, Any]) -> dict[str, Any]:
    of_summary = row["error"] is None
    optional = {"title"} if of_summary else set()
    record = {key: value for key, value in row.items() if value is not None or key in optional}
    if of_summary:
        count = record["options"]["bullets"]
        record["options"]["bullets"] = int(count) if count.isdecimal() else count
    if "carried" in record:
        record["carried"] = json.loads(record["carried"])
    return record
