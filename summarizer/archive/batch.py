"""Summarizes an archive into a file. A stopped run can be continued. A record that fails does not stop the run.

The output has one record for each record of the archive, in the same order: a summary or an error. So the next run
counts the records of the output to find where to continue. `resumable_writer.py` writes the output.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Literal, NoReturn

from ..cpu import cores
from ..deadline import STAGES
from ..errors import ArticleError, BatchError, WorkerDiedError
from ..options import valid_options
from ..summary import Count, Length, Policy
from .archive_reader import STDIN, Archive, Fields, Record
from .crashes import OneByOne
from .executors import DiedError, Executor, InProcess, ProcessPool
from .ids import SeenIds
from .output_lines import CHUNK_SIZE, failed, id_of, in_chunks
from .progress_bar import Progress
from .resumable_writer import KINDS, Chunk, ResumableWriter
from .storage import is_uri, kind_of
from .worker import Job

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Report:
    """Counts and times of a run.

    Attributes:
        earlier: Records that were in the output before; 0 if it is a folder.
        written: Records that this run added.
        retried: Records with an error that this run retried.
        errors: Records with an error in the whole output; if it is a folder, in the files that this run made.
        seconds: Duration of the run.
        stages: Seconds of each stage, summed over threads and processes. With Ray only those of this process.
        repeated: Records whose id occurs earlier in the output; 0 if it is a folder, since ids are not compared there.
    """

    earlier: int
    written: int
    retried: int
    errors: int
    seconds: float
    stages: Mapping[str, float]
    repeated: int = 0

    @property
    def rate(self) -> float:
        """Articles per second."""
        return (self.written + self.retried) / self.seconds if self.seconds else 0.0

    def shares(self) -> str:
        """A table of each stage's share of the time."""
        whole = sum(self.stages.values()) or 1.0
        known = ["reading", *STAGES, "records", "writing"]
        if not self.stages:
            return "stage times are not measured for a folder of outputs"
        rows = [f"{name:<10} {100 * self.stages.get(name, 0.0) / whole:5.1f}%" for name in known]
        return "\n".join([*rows, f"{whole / (self.seconds or 1.0):.2f} stages ran at the same time, on average"])


def run_batch(
    source: str | Path,
    output: str | Path,
    *,
    model: str | Path = "base",
    bullets: Count = "auto",
    length: Length = "standard",
    policy: Policy = "checked",
    min_confidence: float | None = None,
    text_field: str | None = None,
    id_field: str | None = None,
    carry: Sequence[str] = (),
    language: str = "en",
    keep_text: bool = True,
    time_limit: float | None = None,
    threads: int | None = None,
    processes: int | None = None,
    device: str | None = None,
    engine: Literal["local", "ray"] = "local",
    address: str | None = None,
    overwrite: bool = False,
    retry_errors: bool = False,
    strict: bool = False,
    progress: bool = False,
) -> Report:
    """Summarizes every record of an archive into a file.

    The output has one record for each record of the archive, in the same order: a summary, or an error (`error`, with
    `kind` and `message`). If a run is stopped in any way, a call with the same arguments continues it. On the same kind
    of CPU the finished file is, byte for byte, the file of an uninterrupted run.

    Args:
        source: A file (.jsonl or .csv, both also .gz or .zst; .parquet; .txt, .html or .md for one article), a folder
            of such files and of .json files with one article each, the URI of a file or folder, or "-" for JSONL on
            standard input. The engine "ray" cannot read "-"; a folder as output needs .jsonl, .csv or .parquet files.
        output: A file: .jsonl, .jsonl.gz, .jsonl.zst or .parquet. With the engine "ray" also a folder or its URI: it
            gets one file for each file of the archive, in the same format (CSV becomes JSONL).
        model: As in `Summarizer.from_pretrained`.
        bullets: As in a call of a `Summarizer`.
        length: As in a call.
        policy: As in a call.
        min_confidence: As in a call.
        text_field: Field of the article, such as "content.body" or "parts.0.text". Default: `text`, else `article`.
        id_field: Field of the id. Default: `id`; a record without one gets its number, in a folder its file name.
        carry: Fields to copy into the output, under `carried`. "*" copies all except the text and the id.
        language: Language of the articles. A record's own field `language` takes precedence.
        keep_text: Includes the text of each article in the output. The offsets point into it, so leave it out only if
            the archive has the same text.
        time_limit: Maximum seconds per article, as in a call. Default: no limit.
        threads: Total number of cores. Default: all that this process may use. With the engine "ray": cores per actor;
            default: 1.
        processes: Number of processes that share the cores. Default: 1. With eight cores or more, several processes are
            faster: the command line uses one for every four cores. A script that uses several needs
            `if __name__ == "__main__":`. With the engine "ray": number of actors; default: as many as fit the cluster.
        device: As in `Summarizer.from_pretrained`.
        engine: "local", or "ray" for Ray Data, which needs the extra `ray`.
        address: Address of the Ray cluster. Default: the one that Ray finds, else a cluster on this machine.
        overwrite: Starts over, and replaces an existing output.
        retry_errors: Retries the records that have an error in the output, then continues with the rest of the archive.
            The results replace the output when all retries are done. Not with the engine "ray".
        strict: Stops at the first error; the records before it stay. Not with a folder as output.
        progress: Shows the progress on standard error.

    Returns:
        Counts and times of the run.

    Raises:
        BatchError: The source or the output cannot be used; the message says why. What was written stays.
        ArticleError: With `strict`: a record cannot be summarized.
        ModelError: The model cannot be loaded.
        ValueError: An option is out of range, or does not fit the engine or the output.
    """
    valid_options(bullets, length, policy, min_confidence, time_limit)
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
        device=device,
        bullets=bullets,
        length=length,
        policy=policy,
        min_confidence=min_confidence,
        time_limit=time_limit,
        fields=Fields(text_field, id_field, tuple(carry), language),
        keep_text=keep_text,
    )
    began = time.monotonic()
    archive = _archive(source, output, on_ray)
    if on_ray:
        from .ray_executor import Cluster, file_by_file

        if retry_errors:
            raise ValueError('retry_errors needs the engine "local", which can also retry in a file that Ray wrote')
        if kind_of(output) not in KINDS:
            if strict:
                raise ValueError("strict needs a file as output, not a folder")
            return _folder(file_by_file(job, archive, str(output), processes, address, overwrite), began, progress)
    if is_uri(output):
        raise BatchError(f'{output}: an output with a URI must be a folder, for the engine "ray"; name a local file')
    begun = Path(f"{output}.begun")  # a run removes it at its end: if it is there, the last run died
    with ExitStack() as stack:
        executor: Executor
        if on_ray:
            executor = Cluster(job, archive, processes, address)
        else:
            executor = InProcess(job) if count == 1 else ProcessPool(job, count)
        stack.enter_context(closing(executor))
        executor.load()  # before the output is touched
        writer = stack.enter_context(closing(ResumableWriter(Path(output), job.settings(), overwrite)))
        run = stack.enter_context(closing(_Run(writer, executor, job, archive, begun, progress, strict)))
        run.go_on(retry_errors)
        run.finish()
        if run.ids.repeated:
            _log.warning(
                "ids that occur earlier in the archive: %d, the first is %r; each record still has its own line",
                run.ids.repeated, run.ids.first,
            )  # fmt: skip
        if not run.earlier + run.written:
            _log.warning("%s has no records", source)
        return Report(
            run.earlier, run.written, run.retried, run.errors, time.monotonic() - began, executor.profile.seconds,
            run.ids.repeated,
        )  # fmt: skip


def _archive(source: str | Path, output: str | Path, absolute: bool) -> Archive:
    """The archive. The output is excluded, since it may be in the archive's folder."""
    if source == STDIN or is_uri(source):
        return Archive(source)
    if Path(source).resolve() == Path(output).resolve():
        raise BatchError(f"{source} is the archive; name another file for the output")
    place = Path(source).resolve() if absolute else source
    return Archive(place, frozenset() if is_uri(output) else frozenset([Path(output).resolve()]))


def _folder(made: Iterable[tuple[str, int, int]], began: float, progress: bool) -> Report:
    written = errors = 0
    for place, count, failures in made:
        written += count
        errors += failures
        if progress:
            print(f"{place}: {count:,} articles, {failures:,} errors", file=sys.stderr)
    return Report(0, written, 0, errors, time.monotonic() - began, {})


class _Run:
    """One run over an archive: skips the records that the output has, and adds the others."""

    def __init__(
        self,
        writer: ResumableWriter,
        executor: Executor,
        job: Job,
        archive: Archive,
        begun: Path,
        progress: bool,
        strict: bool,
    ) -> None:
        self.earlier = self.written = self.retried = self.errors = self._taken = 0
        self.ids = SeenIds()
        self._writer = writer
        self._executor = executor
        self._job = job
        self._strict = strict
        self._isolated = OneByOne(job, executor.profile)
        self._died = begun.exists()
        self._begun = begun
        begun.touch()
        self._records: Iterator[Record] = self._timed(archive)
        self._progress = Progress(archive if progress else None, timed=isinstance(executor, InProcess | ProcessPool))

    def go_on(self, retry: bool) -> None:
        """Compares the output with the archive to find where to continue. Retries errors if `retry` is true."""
        end = 0
        if retry:
            ends = [chunk.end for chunk in self._writer.replacements()]
            self._writer.replace_all(self._retried(len(ends)), ends[-1] if ends else 0)
        else:
            for chunk, _ in self._standing():
                end = chunk.end
                self._count(chunk.lines)
            self._progress.cut(self._writer.keep(end))
        self._progress.begin(self.earlier)

    def finish(self) -> None:
        """Summarizes the remaining records, and completes the file."""
        for chunk in in_chunks(self._lines(self._records, self._died)):
            self._add(chunk)
        self._writer.finish()

    def close(self) -> None:
        """Ends the run, and removes the crash marker, since this process did not die."""
        self._begun.unlink(missing_ok=True)
        self._isolated.close()
        self._progress.end()
        self.ids.close()

    def _lines(self, records: Iterator[Record], suspect: bool) -> Iterator[str]:
        """The lines of records. If a process dies, the records that were in progress are read one at a time.

        Args:
            records: The records.
            suspect: Whether the first records may have killed the last run.
        """
        if suspect:
            yield from self._one_by_one(list(islice(records, self._executor.suspects)), "the last run died here")
        while True:
            self._isolated.close()  # one model at a time: memory may be short
            try:
                yield from self._executor(records)
                return
            except DiedError as died:
                yield from self._one_by_one(died.unfinished, str(died))

    def _one_by_one(self, records: Sequence[Record], why: str) -> Iterator[str]:
        if records:
            _log.warning("%s: %s; %d records are read one at a time, from here on", records[0].where, why, len(records))
        self._executor.close()
        yield from self._isolated(records)

    def _add(self, chunk: list[str]) -> None:
        if self._strict and (bad := next((at for at, line in enumerate(chunk) if failed(line)), None)) is not None:
            self._writer.append(chunk[:bad])
            _stop(chunk[bad])
        began = time.perf_counter()
        self._writer.append(chunk)
        self._executor.profile.add({"writing": time.perf_counter() - began})
        self.written += len(chunk)
        self._note(chunk)
        count = self.earlier + self.written
        self._progress(count, self.errors, count / (self._taken or count))

    def _standing(self) -> Iterator[tuple[Chunk, list[Record]]]:
        """The chunks of the output with their records. If the archive has more records, a short last chunk is left out
        and made again, so that the chunks do not depend on where a run was stopped or how the archive has grown."""
        for chunk in self._writer.chunks():
            records = list(islice(self._records, len(chunk.lines)))
            self._compare(chunk, records)
            if len(chunk.lines) < CHUNK_SIZE and (more := next(self._records, None)) is not None:
                self._records = chain([*records, more], self._records)
                return
            yield chunk, records

    def _compare(self, chunk: Chunk, records: Sequence[Record]) -> None:
        for at, line in enumerate(chunk.lines):
            here = self._job.fields.id_of(records[at]) if at < len(records) else None
            if here != id_of(line) and (here is None or not failed(line)):  # an unreadable record has another id
                place = records[at].where if here is not None else "the end of the archive"
                raise BatchError(
                    f"the archive has changed: record {self.earlier + at + 1} of {self._writer.output} is "
                    f"{id_of(line)!r}, but {place} has {here!r}. Choose another output, or use --overwrite"
                )

    def _retried(self, kept: int) -> Iterator[list[str]]:
        """The chunks of the output with their errors retried.

        Args:
            kept: Number of chunks that an earlier, stopped retry has finished; they are left out.
        """
        done = islice(self._writer.replacements(), kept)
        for chunk, records in self._standing():
            if kept_chunk := next(done, None):
                self._fits(kept_chunk, chunk)
                self._count(kept_chunk.lines)
            else:
                yield self._again(chunk, records)
        if next(done, None):
            self._fits(None, None)

    def _fits(self, kept: Chunk | None, standing: Chunk | None) -> None:
        """Raises an error if the unfinished retry belongs to another output."""
        pairs = zip(kept.lines, standing.lines, strict=False) if kept and standing else ()
        if not kept or not standing or any(id_of(a) != id_of(b) for a, b in pairs if not failed(b)):
            raise BatchError(f"{self._writer.output}.retry belongs to another output; delete it")

    def _again(self, chunk: Chunk, records: Sequence[Record]) -> list[str]:
        """A chunk with its errors retried: one at a time, if one of them killed its process."""
        lines = list(chunk.lines)
        bad = [at for at, line in enumerate(lines) if failed(line)]
        found: Iterator[str] = iter(())
        if any(json.loads(lines[at])["error"]["kind"] == WorkerDiedError.__name__ for at in bad):
            found = self._one_by_one([records[at] for at in bad], "one of them killed its process before")
        elif bad:
            found = self._lines((records[at] for at in bad), self._died and not self.retried)
        for at, line in zip(bad, found, strict=True):
            lines[at] = line
        self.retried += len(bad)
        self._count(lines)
        still = next((lines[at] for at in bad if failed(lines[at])), None)
        if self._strict and still:
            _stop(still)
        return lines

    def _count(self, lines: Sequence[str]) -> None:
        self.earlier += len(lines)
        self._note(lines)

    def _note(self, lines: Sequence[str]) -> None:
        self.errors += sum(map(failed, lines))
        for line in lines:
            self.ids.add(id_of(line))

    def _timed(self, archive: Iterable[Record]) -> Iterator[Record]:
        records = iter(archive)
        while True:
            began = time.perf_counter()
            record = next(records, None)
            self._executor.profile.add({"reading": time.perf_counter() - began})
            if record is None:
                return
            self._taken += 1
            yield record


def _stop(line: str) -> NoReturn:
    record = json.loads(line)
    raise ArticleError(f"stopped at the first error, in {record['id']!r}: {record['error']['message']}")
