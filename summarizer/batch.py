"""Summarizes an archive into a file: resumable, exact, past what cannot be summarized.

The output has one record for each of the input, in its order: a summary or an error. So what is there says where to go
on, and nothing is lost or doubled; `journal.py` says how it is written.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Future
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Literal, NoReturn, Protocol

from .cpu import cores
from .errors import ArticleError, BatchError, ModelError
from .journal import FRAME, KINDS, Journal, Written, failed, framed, id_of
from .places import is_uri, kind_of
from .records import STDIN, Fields, Record, Source
from .summarizer import checked, folder_of
from .summary import Count, Length, Policy
from .watch import STAGES, Profile
from .worker import Job, Worker

_DIED = (
    "a worker process died; was there too little memory? Use fewer processes, and run the same again: it goes on. (A "
    'script of its own needs `if __name__ == "__main__":` around what it does.)'
)
_CORES = 4
"""Cores of a process: what Python does between the models' work would keep more of them waiting."""
_TASK = 4 * FRAME
"""Records that a process is given at once."""
_LOOK = 0.5
"""Seconds between two looks at the progress; where standard error is no terminal, `_RARELY`."""
_RARELY = 30.0


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did.

    Attributes:
        earlier: Records that stood in the output before.
        written: Records that this run added.
        retried: Errors that it tried again.
        errors: Records of the output, in all, that tell of an error.
        seconds: How long it took.
        stages: What each stage cost, in seconds, summed over what ran side by side.
    """

    earlier: int
    written: int
    retried: int
    errors: int
    seconds: float
    stages: Mapping[str, float]

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

    Run again with the same arguments, it goes on where it was stopped, by whatever; the file in the end is, byte for
    byte, that of a run that nothing stopped. A record that cannot be summarized gives one that says why (`error`, with
    `kind` and `message`).

    Args:
        source: A file (.jsonl, .csv; also .gz or .zst; .parquet), a folder of .txt, .html and .json files and of such
            files, or "-" for JSONL on standard input. With the engine "ray": files of JSONL or Parquet, here or in S3
            or GCS.
        output: A file: .jsonl, .jsonl.gz, .jsonl.zst or .parquet. With the engine "ray" also a folder, which may lie in
            S3 or GCS: it gets a file for each of the archive's, in the same form (CSV gives JSONL).
        model: As in `Summarizer.from_pretrained`.
        bullets: As in a call of a `Summarizer`; so are `length` and `policy`.
        length: See there.
        policy: See there.
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
    checked(bullets, length, policy, time_limit)
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
        time_limit=time_limit,
        fields=Fields(text_field, id_field, tuple(carry), language),
        keep_text=keep_text,
    )
    began = time.monotonic()
    archive = _archive(source, output, on_ray)
    if on_ray:
        from .cluster import Cluster, file_by_file

        if retry_errors:
            raise ValueError("retry_errors works with the engine local, on the file that ray wrote")
        if kind_of(output) not in KINDS:
            if strict:
                raise ValueError("strict works with an output that is a file")
            return _folder(file_by_file(job, archive, str(output), processes, address, overwrite), began, progress)
    if is_uri(output):
        raise BatchError(f"{output}: an output that is a URI is a folder, and for the engine ray; name a file here")
    with ExitStack() as stack:
        team: Team
        if on_ray:
            team = stack.enter_context(closing(Cluster(job, archive, processes, address)))
        else:
            team = stack.enter_context(closing(_Here(job) if count == 1 else _Processes(job, count)))
        journal = stack.enter_context(closing(Journal(Path(output), job.settings(), overwrite)))
        run = _Run(journal, team, job.fields, archive, progress, strict)
        run.go_on(retry_errors)
        run.finish()
        return Report(run.earlier, run.written, run.retried, run.errors, time.monotonic() - began, team.profile.seconds)


def usual_processes(model: str, threads: int | None = None) -> int:
    """Processes that keep so many cores busy (default: all that this process may use): one for each four with a shipped
    model, one in all with a checkpoint, which uses many cores itself and may not be in memory twice."""
    try:
        small = (folder_of(model) / "extractor").is_dir()
    except ModelError:  # a name on the Hub, or none
        return 1
    return max(1, (threads or cores()) // _CORES) if small else 1


def _archive(source: str | Path, output: str | Path, absolute: bool) -> Source:
    """The archive, without the output, which may lie in its folder."""
    if source == STDIN or is_uri(source):
        return Source(source)
    if Path(source).resolve() == Path(output).resolve():
        raise BatchError(f"{source} is the archive; name another file for the output")
    place = Path(source).resolve() if absolute else source
    return Source(place, frozenset() if is_uri(output) else frozenset([Path(output).resolve()]))


def _folder(made: Iterable[tuple[str, int, int]], began: float, progress: bool) -> Report:
    written = errors = 0
    for place, count, failures in made:
        written += count
        errors += failures
        if progress:
            print(f"{place}: {count:,} articles, {failures:,} errors", file=sys.stderr)
    return Report(0, written, 0, errors, time.monotonic() - began, {})


class Team(Protocol):
    """Those who do the work of a run, wherever they are."""

    profile: Profile

    def __call__(self, records: Iterable[Record]) -> Iterator[str]:
        """The line of each record, in order."""

    def close(self) -> None:
        """Waits for what runs, and lets go."""


class _Here:
    """Does the work in this process, which reads and writes beside it."""

    def __init__(self, job: Job) -> None:
        self.profile = Profile()
        self._worker = Worker(job, self.profile)

    def __call__(self, records: Iterable[Record]) -> Iterator[str]:
        return self._worker(records)

    def close(self) -> None:
        self._worker.close()


class _Processes:
    """Does the work in processes, each with a model of its own."""

    def __init__(self, job: Job, count: int) -> None:
        from concurrent.futures import ProcessPoolExecutor  # here, since a first summary need not wait for them
        from multiprocessing import get_context

        Worker(job).close()  # what is wrong with the model is said here, and not by a process that dies of it
        self.profile = Profile()
        self._count = count
        self._pool = ProcessPoolExecutor(count, get_context("spawn"), initializer=_begin, initargs=(job,))
        with _undisturbed():
            for future in [self._pool.submit(time.sleep, 0) for _ in range(count)]:
                future.result()

    def __call__(self, records: Iterable[Record]) -> Iterator[str]:
        records = iter(records)
        waiting: deque[Future[tuple[list[str], dict[str, float]]]] = deque()
        try:
            while task := list(islice(records, _TASK)):
                waiting.append(self._pool.submit(_work, task))
                if len(waiting) > 2 * self._count:
                    yield from self._done(waiting.popleft())
            while waiting:
                yield from self._done(waiting.popleft())
        except BrokenExecutor as error:
            raise BatchError(_DIED) from error

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _done(self, future: Future[tuple[list[str], dict[str, float]]]) -> list[str]:
        lines, seconds = future.result()
        self.profile.add(seconds)
        return lines


_worker: Worker | None = None


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Lets processes begin that Ctrl-C, which is for the one that writes, does not reach."""
    if threading.current_thread() is not threading.main_thread():  # no other may say what a signal does
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    except BrokenExecutor as error:
        raise BatchError(_DIED) from error
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)


def _begin(job: Job) -> None:
    from multiprocessing import parent_process

    global _worker  # noqa: PLW0603 - a process of the pool is this worker and nothing else
    parent = parent_process()
    assert parent

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()  # a parent that was killed leaves none behind
    _worker = Worker(job)


def _work(records: list[Record]) -> tuple[list[str], dict[str, float]]:
    assert _worker
    _worker.profile = Profile()
    return list(_worker(records)), _worker.profile.seconds


class _Run:
    """One run over an archive: what stands in the output is passed over, what is missing is added."""

    def __init__(
        self,
        journal: Journal,
        team: Team,
        fields: Fields,
        archive: Source,
        progress: bool,
        strict: bool,
    ) -> None:
        self.earlier = self.written = self.retried = self.errors = 0
        self._journal = journal
        self._team = team
        self._fields = fields
        self._strict = strict
        self._records: Iterator[Record] = self._timed(archive)
        self._progress = Progress(archive if progress else None)

    def go_on(self, retry: bool) -> None:
        """Finds where to go on, and tries errors again if asked to."""
        end = 0
        if retry:
            self._journal.replaced(self._again(*frame) for frame in self._standing())
        else:
            for frame, _ in self._standing():
                end = frame.end
                self._count(frame.lines)
            self._progress.cut(self._journal.keep(end))
        self._progress.begin(self.earlier)

    def finish(self) -> None:
        """Summarizes what is left, and closes the file."""
        for frame in framed(self._team(self._records)):
            if self._strict and (bad := next((at for at, line in enumerate(frame) if failed(line)), None)) is not None:
                self._journal.append(frame[:bad])
                _stop(frame[bad])
            began = time.perf_counter()
            self._journal.append(frame)
            self._team.profile.add({"writing": time.perf_counter() - began})
            self.written += len(frame)
            self.errors += sum(map(failed, frame))
            self._progress(self.earlier + self.written, self.errors)
        self._journal.finish()
        self._progress.end()

    def _standing(self) -> Iterator[tuple[Written, list[Record]]]:
        """The frames that stand in the output with their records. A short one is the last; where the archive goes on
        behind it, it is done again, so that frames do not depend on where a run was stopped or an archive has grown."""
        for frame in self._journal.frames():
            records = list(islice(self._records, len(frame.lines)))
            self._compare(frame, records)
            if len(frame.lines) < FRAME and (more := next(self._records, None)) is not None:
                self._records = chain([*records, more], self._records)
                return
            yield frame, records

    def _compare(self, frame: Written, records: Sequence[Record]) -> None:
        for at, line in enumerate(frame.lines):
            here = self._fields.id_of(records[at]) if at < len(records) else None
            if here != id_of(line) and (here is None or not failed(line)):  # what could not be read had another name
                place = records[at].where if here is not None else "the end of the archive"
                raise BatchError(
                    f"the archive has changed: record {self.earlier + at + 1} of {self._journal.output} is "
                    f"{id_of(line)!r}, and {place} has {here!r}. Choose another output, or say --overwrite"
                )

    def _again(self, frame: Written, records: Sequence[Record]) -> list[str]:
        lines = list(frame.lines)
        bad = [at for at, line in enumerate(lines) if failed(line)]
        for at, line in zip(bad, self._team(records[at] for at in bad), strict=True):
            lines[at] = line
        self.retried += len(bad)
        self._count(lines)
        still = next((lines[at] for at in bad if failed(lines[at])), None)
        if self._strict and still:
            _stop(still)
        return lines

    def _count(self, lines: Sequence[str]) -> None:
        self.earlier += len(lines)
        self.errors += sum(map(failed, lines))

    def _timed(self, archive: Iterable[Record]) -> Iterator[Record]:
        records = iter(archive)
        while True:
            began = time.perf_counter()
            record = next(records, None)
            self._team.profile.add({"reading": time.perf_counter() - began})
            if record is None:
                return
            yield record


def _stop(line: str) -> NoReturn:
    record = json.loads(line)
    raise ArticleError(f"stopped at the first error, in {record['id']!r}: {record['error']['message']}")


class Progress:
    """A line on standard error: how much, how fast, how long still. On a terminal it is written over again and again.

    Args:
        archive: What is being read, which knows how far it has come; None shows nothing.
    """

    def __init__(self, archive: Source | None) -> None:
        self._archive = archive
        self._began = self._looked = time.monotonic()
        self._from = self._read = 0

    def begin(self, earlier: int) -> None:
        """Notes where this run begins."""
        self._began, self._from = time.monotonic(), earlier
        if self._archive:
            self._read = self._archive.read
            if earlier:
                print(f"{earlier:,} records are there already", file=sys.stderr)

    def cut(self, size: int) -> None:
        """Says that a piece of a frame was cut off."""
        if self._archive and size:
            print(f"{size:,} bytes of an unfinished frame are done again", file=sys.stderr)

    def __call__(self, count: int, errors: int) -> None:
        """Shows the state, if it was not shown just now."""
        now = time.monotonic()
        terminal = sys.stderr.isatty()
        if not self._archive or now - self._looked < (_LOOK if terminal else _RARELY):
            return
        self._looked = now
        rate = (count - self._from) / max(now - self._began, 1e-9)
        left = self._left(now - self._began)
        text = f"{count:,} articles, {errors:,} errors, {rate:.1f}/s{left}"
        print(f"\r{text:<78}" if terminal else text, end="" if terminal else "\n", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leaves the line."""
        if self._archive and sys.stderr.isatty():
            print(f"\r{'':<78}\r", end="", file=sys.stderr, flush=True)

    def _left(self, passed: float) -> str:
        assert self._archive
        done, todo = self._archive.read - self._read, self._archive.size - self._archive.read
        if self._archive.place == STDIN or done <= 0:
            return ""
        minutes, seconds = divmod(round(passed * todo / done), 60)
        hours, minutes = divmod(minutes, 60)
        return f", {hours}:{minutes:02}:{seconds:02} left"
