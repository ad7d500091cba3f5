"""Summarizes an archive into a file. A stopped run can be continued. A record that fails does not stop the run."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Unpack

from ..cpu import cores
from ..errors import ArticleError, BatchError
from ..options import CallOptions, Options
from ..writers import WriterOptions
from .archive_reader import STDIN, Archive, Fields, Record
from .executors import ProcessPool
from .output import KINDS, Output
from .progress_bar import Progress
from .storage import is_uri, kind_of, system_of
from .worker import Job, Worker

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Report:
    """Counts and the duration of a run.

    Attributes:
        earlier: Summaries that were in the output before.
        written: Summaries that this run added.
        errors: Records that this run could not summarize; they are in the file of errors.
        seconds: Duration of the run.
    """

    earlier: int
    written: int
    errors: int
    seconds: float

    @property
    def rate(self) -> float:
        """Articles per second."""
        return (self.written + self.errors) / self.seconds if self.seconds else 0.0


def run_batch(
    source: str | Path,
    output: str | Path,
    *,
    model: str | Path = "base",
    text_field: str | None = None,
    id_field: str | None = None,
    carry: Sequence[str] = (),
    language: str = "en",
    keep_text: bool = True,
    skip: Sequence[str] = (),
    threads: int | None = None,
    processes: int | None = None,
    writer: str | WriterOptions | None = None,
    engine: Literal["local", "ray"] = "local",
    address: str | None = None,
    overwrite: bool = False,
    strict: bool = False,
    progress: bool = False,
    **options: Unpack[CallOptions],
) -> Report:
    """Summarizes every record of an archive into a file.

    The output has one summary for each record that can be summarized; a run adds them in the order of the archive. The
    errors (`error`, with `kind` and `message`) go to a file beside it, `OUTPUT.errors.jsonl`. If a run is stopped in
    any way, a call with the same arguments continues it: records whose ids the output has are skipped, and errors are
    tried again.

    Args:
        source: A file (.jsonl or .csv, both also .gz or .zst; .parquet; .txt, .html or .md for one article), a folder
            of such files and of .json files with one article each, the URI of a file or folder, or "-" for JSONL on
            standard input. The engine "ray" reads .jsonl, .csv and .parquet files.
        output: A file: .jsonl, .jsonl.gz or .jsonl.zst. With the engine "ray" a folder or its URI: it gets one file for
            each file of the archive.
        model: As in `Summarizer.from_pretrained`.
        text_field: Field of the article, such as "content.body" or "parts.0.text". Default: `text`, else `article`.
        id_field: Field of the id. Default: `id`; a record without one gets its number, in a folder its file name.
        carry: Fields to copy into the output, under `carried`. "*" copies all except the text and the id.
        language: Language of the articles. A record's own field `language` takes precedence.
        keep_text: Includes the text of each article in the output. The offsets point into it, so leave it out only if
            the archive has the same text.
        skip: Ids of records to leave out, such as one that killed its process.
        threads: Total number of cores. Default: all that this process may use. With the engine "ray": cores per actor;
            default: 1.
        processes: Number of processes that share the cores. Default: 1. With eight cores or more, several processes are
            faster: the command line uses one for every four cores. A script that uses several needs
            `if __name__ == "__main__":`. With the engine "ray": number of actors; default: as many as fit the cluster.
        writer: As in `Summarizer.from_pretrained`. If a server cannot be reached, the run stops.
        engine: "local", or "ray" for Ray Data, which needs the extra `ray`.
        address: Address of the Ray cluster. Default: the one that Ray finds, else a cluster on this machine.
        overwrite: Starts over, and replaces an existing output.
        strict: Stops at the first error; the summaries before it stay. Not with the engine "ray".
        progress: Shows the progress on standard error.
        **options: As in a call of a `Summarizer`.

    Returns:
        Counts and the duration of the run.

    Raises:
        BatchError: The source or the output cannot be used; the message says why. What was written stays.
        WorkerDiedError: A process died. The message names the records that were in progress.
        ArticleError: With `strict`: a record cannot be summarized.
        ModelError: The model cannot be loaded.
        ValueError: An option is out of range, or does not fit the engine or the output.
    """
    on_ray = engine == "ray"
    if engine not in ("local", "ray"):
        raise ValueError(f'engine must be "local" or "ray", not {engine!r}')
    if address and not on_ray:
        raise ValueError('address needs the engine "ray"')
    for name, number in (("threads", threads), ("processes", processes)):
        if number is not None and number < 1:
            raise ValueError(f"{name} must be 1 or more, not {number!r}")
    together = threads or cores()
    count = min(processes or 1, together)
    job = Job(
        model=str(model),
        threads=threads or 1 if on_ray else together // count,
        writer=WriterOptions(writer) if isinstance(writer, str) else writer,
        options=Options(**options),
        fields=Fields(text_field, id_field, tuple(carry), language),
        keep_text=keep_text,
    )
    began = time.monotonic()
    source, output = _plain_path(source), _plain_path(output)
    if not is_uri(output):
        output = Path(output).resolve()
    archive = _archive(source, output, absolute=on_ray)
    left_out = frozenset(skip)
    if on_ray:
        from .ray_executor import file_by_file

        if strict or kind_of(output) in KINDS:
            raise ValueError('the engine "ray" writes a folder of files, and not with strict; name a folder')
        written = errors = earlier = 0
        for name, *counts in file_by_file(job, archive, str(output), processes, address, overwrite, left_out):
            earlier, written, errors = earlier + counts[0], written + counts[1], errors + counts[2]
            if progress:
                print(f"{name}: {counts[0] + counts[1]:,} summaries, {counts[2]:,} errors", file=sys.stderr)
        return Report(earlier, written, errors, time.monotonic() - began)
    if is_uri(output):
        raise BatchError(f'{output}: an output with a URI must be a folder, for the engine "ray"; name a local file')
    with ExitStack() as stack:
        # Before the output is touched, since a model can be damaged.
        executor: Worker | ProcessPool = Worker(job) if count == 1 else ProcessPool(job, count)
        stack.enter_context(closing(executor))
        out = stack.enter_context(closing(Output(Path(output), job.settings(), overwrite)))
        shown = stack.enter_context(closing(Progress(archive if progress else None, out)))
        for record in summarized(archive, out, executor, job.fields, left_out):
            shown.update()
            if strict and "error" in record:
                raise ArticleError(f"stopped at the first error, in {record['id']!r}: {record['error']['message']}")
        out.complete = True
        if not out.earlier + out.written + out.errors:
            _log.warning("%s has no records", source)
    return Report(out.earlier, out.written, out.errors, time.monotonic() - began)


def summarized(
    records: Iterable[Record],
    out: Output,
    executor: Worker | ProcessPool,
    fields: Fields,
    skip: frozenset[str] = frozenset(),
) -> Iterator[dict[str, Any]]:
    """Summarizes the records that the output does not have, and adds them to it. Yields what it has added.

    Args:
        records: The records of the archive.
        out: The output.
        executor: Summarizes the records.
        fields: Which fields of a record are used.
        skip: Ids of records to leave out.
    """

    def done(id: str) -> bool:
        return id in out or id in skip

    # A record with a fault has its number as id.
    for record in executor(record for record in records if record.fault or not done(fields.id_of(record))):
        out.append(record)
        yield record


def _plain_path(place: str | Path) -> str | Path:
    """Returns a local URI as a path."""
    if str(place).startswith("file:"):
        return system_of(str(place))[1]
    return place


def _archive(source: str | Path, output: str | Path, *, absolute: bool) -> Archive:
    """The archive. The output is excluded, since it may be in the archive's folder."""
    if source == STDIN or is_uri(source):
        return Archive(source)
    here = Path(output)
    if Path(source).resolve() == here:
        raise BatchError(f"{source} is the archive; name another file for the output")
    own = {here, *(here.with_name(here.name + ending) for ending in (".errors.jsonl", ".lock"))}
    place = Path(source).resolve() if absolute else source  # actors work in other folders
    return Archive(place, frozenset() if is_uri(output) else frozenset(own))
