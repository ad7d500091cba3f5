"""Summarizes an archive into a file. A stopped run can continue; a record that cannot be summarized stops nothing.

The output has one record for each record of the input, in the same order: a summary or an error. So the output itself
tells where to continue. `resumable_writer.py` writes it.
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
from .crashes import CrashMarker, OneByOne
from .executors import DiedError, Executor, InProcess, ProcessPool
from .ids import SeenIds
from .lines import CHUNK_SIZE, failed, id_of, in_chunks
from .progress_bar import Progress
from .records import STDIN, Archive, Fields, Record
from .resumable_writer import KINDS, Chunk, ResumableWriter
from .storage import is_uri, kind_of
from .worker import Job

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did.

    Attributes:
        earlier: Records that stood in the output before.
        written: Records that this run added.
        retried: Errors that it tried again.
        errors: Records of the output, in all, that tell of an error.
        seconds: How long it took.
        stages: What each stage cost, in seconds, summed over what ran at the same time.
        repeated: Records whose id stands earlier in the output; not known of a folder of outputs.
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
        """Articles a second."""
        return (self.written + self.retried) / self.seconds if self.seconds else 0.0

    def shares(self) -> str:
        """A table of the stages' shares."""
        whole = sum(self.stages.values()) or 1.0
        known = ["reading", *STAGES, "records", "writing"]
        if not self.stages:
            return "stages are measured by the engine local only"
        rows = [f"{name:<10} {100 * self.stages.get(name, 0.0) / whole:5.1f}%" for name in known]
        return "\n".join([*rows, f"{whole / (self.seconds or 1.0):.2f} of them side by side, on average"])


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

    Run again with the same arguments, it goes on where it was stopped, by whatever; on the same kind of CPU the file in
    the end is, byte for byte, that of a run that nothing stopped. A record that cannot be summarized gives one that
    says why (`error`, with `kind` and `message`).

    Args:
        source: A file (.jsonl, .csv; also .gz or .zst; .parquet), a folder of .txt, .html, .md and .json files and of
            such files, or "-" for JSONL on standard input. With the engine "ray": files of JSONL or Parquet, here or
            in S3 or GCS.
        output: A file: .jsonl, .jsonl.gz, .jsonl.zst or .parquet. With the engine "ray" also a folder, which may lie in
            S3 or GCS: it gets a file for each of the archive's, in the same form (CSV gives JSONL).
        model: As in `Summarizer.from_pretrained`.
        bullets: As in a call of a `Summarizer`; so are `length`, `policy` and `min_confidence`.
        length: See there.
        policy: See there.
        min_confidence: See there.
        text_field: Where a record has its article; default: `text`, else `article`. A dotted path leads into objects:
            "content.body".
        id_field: Where it has its id; default: `id`, else its number, or in a folder its file.
        carry: Fields of a record that are copied into the output, under `carried`; "*" is all but text and id.
        language: The articles' language, where a record has no `language`.
        keep_text: Whether the article stands in the output. The offsets point into it, so leave it out only where the
            archive has the same text.
        time_limit: Seconds that one article may take; see a call of a `Summarizer`.
        threads: Cores to use, in all; default: all that this process may use.
        processes: Processes to divide them among, which is faster from some eight cores on: one for each four is what
            the command line takes. From a script, more than one needs the usual `if __name__ == "__main__":`. With the
            engine "ray": actors, each with `threads` cores (default: 1); default: as many as there are cores for.
        device: As in `Summarizer.from_pretrained`.
        engine: "local", or "ray": on Ray Data. Needs the extra `ray`.
        address: Of the Ray cluster; default: the one that Ray finds, else this machine.
        overwrite: Throws away what stands in the output.
        retry_errors: Tries the records again that the output has errors for, and then goes on. What is tried again
            takes its place when all of it is done.
        strict: Stops at the first error; the records before it stay.
        progress: Shows the progress on standard error.

    Returns:
        What was done.

    Raises:
        BatchError: The source or the output cannot be used; the message says why. What is written stays.
        ArticleError: With `strict`: the first record that cannot be summarized.
        ModelError: The model cannot be loaded.
        ValueError: An option is out of range.
    """
    valid_options(bullets, length, policy, min_confidence, time_limit)
    on_ray = engine == "ray"
    if engine not in ("local", "ray"):
        raise ValueError(f'engine must be "local" or "ray", not {engine!r}')
    if address and not on_ray:
        raise ValueError('an address is for the engine "ray"')
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
            raise ValueError("retry_errors works with the engine local, on the file that ray wrote")
        if kind_of(output) not in KINDS:
            if strict:
                raise ValueError("strict works with an output that is a file")
            return _folder(file_by_file(job, archive, str(output), processes, address, overwrite), began, progress)
    if is_uri(output):
        raise BatchError(f"{output}: an output that is a URI is a folder, and for the engine ray; name a file here")
    crash_marker = CrashMarker(Path(f"{output}.begun"))
    with ExitStack() as stack:
        executor: Executor
        if on_ray:
            executor = Cluster(job, archive, processes, address)
        else:
            executor = InProcess(job) if count == 1 else ProcessPool(job, count)
        stack.enter_context(closing(executor))
        if not crash_marker.exists():  # else memory may be too short for this model beside the one of `OneByOne`
            executor.load()
        writer = stack.enter_context(closing(ResumableWriter(Path(output), job.settings(), overwrite)))
        run = stack.enter_context(closing(_Run(writer, executor, job, archive, crash_marker, progress, strict)))
        run.go_on(retry_errors)
        run.finish()
        if run.ids.repeated:
            _log.warning(
                "%d records have an id that stands earlier in the archive, first %r; each has its line all the same",
                run.ids.repeated, run.ids.first,
            )  # fmt: skip
        return Report(
            run.earlier, run.written, run.retried, run.errors, time.monotonic() - began, executor.profile.seconds,
            run.ids.repeated,
        )  # fmt: skip


def _archive(source: str | Path, output: str | Path, absolute: bool) -> Archive:
    """The archive, without the output, which may lie in its folder."""
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
        crash_marker: CrashMarker,
        progress: bool,
        strict: bool,
    ) -> None:
        self.earlier = self.written = self.retried = self.errors = 0
        self.ids = SeenIds()
        self._writer = writer
        self._executor = executor
        self._job = job
        self._strict = strict
        self._crash_marker = crash_marker
        self._records: Iterator[Record] = self._timed(archive)
        self._progress = Progress(archive if progress else None)

    def go_on(self, retry: bool) -> None:
        """Finds where to continue, and retries errors if asked to."""
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
        for chunk in in_chunks(self._lines(self._records, self.earlier)):
            self._add(chunk)
        self._writer.finish()

    def close(self) -> None:
        """Ends the run: this process did not die."""
        self._crash_marker.end()
        self._progress.end()
        self.ids.close()

    def _lines(self, records: Iterator[Record], position: int) -> Iterator[str]:
        """The lines of records. A process may die of an article: then the records that were underway are read one by
        one, each in a process of its own.

        Args:
            records: The records.
            position: Number of records before the first of them in the output. If the last run died here, the first
                records are suspects.
        """
        if self._crash_marker.died_at(position):
            suspects = list(islice(records, self._executor.in_flight))
            self._crash_marker.begin(position)
            yield from self._one_by_one(suspects, "the last run died here")
            position += len(suspects)
        self._crash_marker.begin(position)
        while True:
            try:
                yield from self._executor(records)
                return
            except DiedError as died:
                yield from self._one_by_one(died.unfinished, str(died))

    def _one_by_one(self, records: Sequence[Record], why: str) -> Iterator[str]:
        if records:
            _log.warning("%s: %s; %d records are read one by one from there", records[0].where, why, len(records))
        self._executor.close()  # one model at a time: memory may be short
        with closing(OneByOne(self._job, self._executor.profile)) as one_by_one:
            yield from one_by_one(records)

    def _add(self, chunk: list[str]) -> None:
        if self._strict and (bad := next((at for at, line in enumerate(chunk) if failed(line)), None)) is not None:
            self._writer.append(chunk[:bad])
            _stop(chunk[bad])
        began = time.perf_counter()
        self._writer.append(chunk)
        self._executor.profile.add({"writing": time.perf_counter() - began})
        self.written += len(chunk)
        self._note(chunk)
        self._progress(self.earlier + self.written, self.errors)

    def _standing(self) -> Iterator[tuple[Chunk, list[Record]]]:
        """The chunks of the output with their records. A short chunk is the last one. If the archive has more records,
        it is made again, so that chunks do not depend on where a run was stopped or how an archive has grown."""
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
                    f"{id_of(line)!r}, and {place} has {here!r}. Choose another output, or say --overwrite"
                )

    def _retried(self, kept: int) -> Iterator[list[str]]:
        """The chunks of the output with their errors retried.

        Args:
            kept: Number of chunks that an earlier, stopped retry has done; they are left out.
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
        """Refuses what a retry of another output has left."""
        pairs = zip(kept.lines, standing.lines, strict=False) if kept and standing else ()
        if not kept or not standing or any(id_of(a) != id_of(b) for a, b in pairs if not failed(b)):
            raise BatchError(f"{self._writer.output}.retry is of another output; delete it")

    def _again(self, chunk: Chunk, records: Sequence[Record]) -> list[str]:
        """A chunk with its errors retried. Records that ended their process are retried one by one."""
        lines = list(chunk.lines)
        bad = [at for at, line in enumerate(lines) if failed(line)]
        deadly = [at for at in bad if json.loads(lines[at])["error"]["kind"] == WorkerDiedError.__name__]
        others = [at for at in bad if at not in deadly]
        if others:
            found = self._lines((records[at] for at in others), self.earlier)
            for at, line in zip(others, found, strict=True):
                lines[at] = line
        if deadly:
            found = self._one_by_one([records[at] for at in deadly], "it ended its process before")
            for at, line in zip(deadly, found, strict=True):
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
            yield record


def _stop(line: str) -> NoReturn:
    record = json.loads(line)
    raise ArticleError(f"stopped at the first error, in {record['id']!r}: {record['error']['message']}")
