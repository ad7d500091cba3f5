"""Batch runs on many machines, with Ray Data. Needs the extra `ray`.

If the output is a file, this process writes it, while actors on all machines read and summarize. The file is the same
as with the local engine, and is continued in the same way. If the output is a folder, it gets one file for each file of
the archive. Each is written by one actor, as by `summarize batch`. Files that exist are skipped.
"""

from __future__ import annotations

import json
import logging
import pickle
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from itertools import chain, islice, takewhile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..deadline import Profile
from ..errors import BatchError, MissingExtraError, ModelError, SummarizerError
from .archive_reader import Archive, Record, records_of
from .crashes import OneByOne
from .executors import DiedError
from .folder_lock import NAME, claimed
from .output_lines import CHUNK_SIZE, failed, in_chunks
from .resumable_writer import ResumableWriter, differences
from .storage import TABLES, File, exists, files_of, is_uri, packing_of, put, remove
from .worker import Job, Worker

BLOCK = 4 * CHUNK_SIZE
"""Records per task of an actor."""
_TASKS = 2
"""Maximum number of blocks at one actor, running or queued."""
_RETRIES = 1
"""Retries of a task whose actor died. Ray's default is to retry forever, but an article may kill every actor."""
_SETTINGS = "settings.run"
_NO_FILES = 'the engine "ray" cannot read standard input; name a file, a folder or a URI'
_log = logging.getLogger(__name__)


class Cluster:
    """An executor: a pool of actors on a Ray cluster, each with its own model.

    Args:
        job: What to do with each record.
        archive: The archive, which the actors read themselves.
        actors: Number of actors. Default: as many as the cluster has cores for.
        address: Address of the cluster. Default: the one that Ray finds, else a cluster on this machine.

    Raises:
        BatchError: The archive is standard input.
    """

    def __init__(self, job: Job, archive: Archive, actors: int | None, address: str | None) -> None:
        self._files = _files(archive)
        self.profile = Profile()
        self.suspects = 0
        self._connection = ExitStack()
        self._ray: Any = None
        self._job = job
        self._actors = actors
        self._address = address

    def load(self) -> None:
        """Connects to the cluster. The actors load the model when they start.

        Raises:
            BatchError: There is no cluster at the address.
            MissingExtraError: Ray is not installed.
        """
        if not self._ray:
            self._ray = self._connection.enter_context(connected(self._address))
            self._actors = self._actors or _actors(self._ray, self._job)

    def __call__(self, records: Iterator[Record]) -> Iterator[str]:
        """Yields the output line of each record, in order. Of `records`, only the first is read here: the actors read
        the files themselves.

        Raises:
            DiedError: An actor died twice while it summarized the same records.
        """
        first = next(records, None)
        if first is None:
            return
        done = 0
        self.load()
        try:
            for line in self._lines(first):
                yield line
                done += 1
        except _ActorDiedError as error:
            rest = chain([first], records)
            in_flight = (_TASKS * (self._actors or 1) + 1) * BLOCK
            raise DiedError(list(islice(rest, done, done + in_flight))) from error

    def _lines(self, first: Record) -> Iterator[str]:
        """Yields the lines of all records, starting with the first."""
        files = self._files
        start = next((at for at, file in enumerate(files) if file.name == first.name), 0)  # one file has no name
        pieces = [{"file": pickle.dumps(file), "behind": 0} for file in files[start:]]
        pieces[0]["behind"] = first.number - 1
        data = self._ray.data
        data.DataContext.get_current().execution_options.preserve_order = True
        lines = (
            data.from_items(pieces, override_num_blocks=len(pieces))
            .map_batches(_read, batch_size=1, num_cpus=0, compute=data.TaskPoolStrategy(size=_readers(self._actors)))
            .map_batches(
                _Actor,
                fn_constructor_args=(self._job,),
                batch_size=BLOCK,
                num_cpus=self._job.threads,
                compute=data.ActorPoolStrategy(min_size=1, max_size=self._actors, max_tasks_in_flight_per_actor=_TASKS),
                max_task_retries=_RETRIES,
            )
        )
        for row in _rows(lines):
            _check(row)
            yield row["line"]

    def close(self) -> None:
        """Disconnects from the cluster."""
        self._connection.close()
        self._ray = None


class _ActorDiedError(Exception):
    """An actor died, and died again when its task was retried."""


def _read(batch: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields the records of a file, in blocks. If the file is damaged, the error comes behind the last record."""
    file, behind = pickle.loads(batch["file"][0]), batch["behind"][0]
    block: list[bytes] = []
    try:
        for record, _ in records_of(file):
            if record.number > behind:
                block.append(pickle.dumps(record))
            if len(block) == BLOCK:
                yield {"record": block}
                block = []
    except SummarizerError as error:
        block.append(pickle.dumps(str(error)))
    if block:
        yield {"record": block}


class _Actor:
    """Summarizes blocks of records. It returns errors as values: of an exception, Ray passes on only a traceback."""

    def __init__(self, job: Job) -> None:
        self._worker: Worker | None = None
        self._fault = ""
        try:
            self._worker = Worker(job)
        except SummarizerError as error:
            self._fault = str(error)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        """Returns a row for each record before the first error, and a row for that. A block may end in another file."""
        read = [pickle.loads(record) for record in batch["record"]]
        good = list(takewhile(lambda one: isinstance(one, Record), read))
        lines = list(self._worker(good)) if self._worker else []
        fault = self._fault or next((one for one in read if isinstance(one, str)), "")
        faults = [fault] if fault else []
        return {
            "line": lines + [""] * len(faults),
            "fault": [""] * len(lines) + faults,
            "model": [bool(self._fault)] * (len(lines) + len(faults)),
        }


def _check(row: Mapping[str, Any]) -> None:
    """Raises the error that a row has from an actor, if it has one."""
    if row["fault"]:
        raise (ModelError if row["model"] else BatchError)(row["fault"])


def file_by_file(
    job: Job, archive: Archive, folder: str, actors: int | None, address: str | None, overwrite: bool = False
) -> Iterator[tuple[str, int, int]]:
    """Writes one file into a folder for each file of the archive. Yields the name of each written file, its number of
    records, and its number of errors.

    Args:
        job: What to do with each record.
        archive: The archive.
        folder: A folder or its URI.
        actors: As for a `Cluster`.
        address: As for a `Cluster`.
        overwrite: Whether existing files are made again.

    Raises:
        BatchError: The archive has a file that is not .jsonl, .csv or .parquet, or is standard input; there is no
            cluster at the address; the folder was made with other settings, or not by a batch run; or another run is
            writing to it.
        MissingExtraError: Ray is not installed.
    """
    files = _files(archive)
    folder = folder.rstrip("/") if is_uri(folder) else str(Path(folder).resolve())
    targets: dict[str, File] = {}
    for file in files:
        if file.kind not in TABLES:
            raise BatchError(f"{file.shown}: if the output is a folder, the archive must be .jsonl, .csv or .parquet")
        other = targets.setdefault(_target(folder, file), file)
        if other != file:
            raise BatchError(f"{other.shown} and {file.shown} would have the same output; rename one of them")
    _has_settings(folder, job.settings(), overwrite)  # before the lock: a refused folder stays as it is
    with ExitStack() as stack:
        stack.enter_context(claimed(folder))
        if overwrite:  # before the new settings are written, so that no output of others is taken for one of these
            for target in targets:
                remove(target)
                remove(f"{target}.begun")
        if not _has_settings(folder, job.settings(), overwrite):
            _put_text(json.dumps(job.settings(), indent=2) + "\n", f"{folder}/{_SETTINGS}")
        todo = [file for target, file in targets.items() if not exists(target)]
        if len(todo) < len(files):
            _log.warning("%d of %d output files exist already, and are skipped", len(files) - len(todo), len(files))
        if not todo:
            return
        ray = stack.enter_context(connected(address))
        most = actors or _actors(ray, job)
        made = ray.data.from_items([{"file": pickle.dumps(file)} for file in todo], override_num_blocks=len(todo)).map(
            _Maker,
            fn_constructor_args=(job, folder),
            num_cpus=job.threads,
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=min(most, len(todo))),
            max_task_retries=_RETRIES,
        )
        try:
            for row in _rows(made):
                _check(row)
                yield row["place"], row["count"], row["errors"]
        except _ActorDiedError as error:
            raise BatchError("an actor died twice; is there too little memory? The same command continues") from error


class _Maker:
    """Makes one file of the output. If the run ended while this file was made, a process may have died of one of its
    records, so they are read one at a time."""

    def __init__(self, job: Job, folder: str) -> None:
        self._job, self._folder = job, folder
        self._worker: Worker | None = None

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        place, count, errors, fault, model = "", 0, 0, "", False
        try:
            place, count, errors = self._made(pickle.loads(row["file"]))
        except SummarizerError as error:  # as a value: of an exception, Ray passes on only a traceback
            fault, model = str(error), not isinstance(error, BatchError)
        return {"place": place, "count": count, "errors": errors, "fault": fault, "model": model}

    def _made(self, file: File) -> tuple[str, int, int]:
        """Returns the name of the file, its number of records, and how many of them are errors."""
        target, alone = _target(self._folder, file), replace(file, name="")
        begun = f"{target}.begun"
        with TemporaryDirectory() as scratch, ExitStack() as stack:
            stack.callback(remove, begun)  # at the end: this process did not die
            summarize = self._one_by_one(stack) if exists(begun) else self._loaded()
            _put_text("", begun)
            made = Path(scratch) / target.rsplit("/", 1)[-1]
            with closing(ResumableWriter(made, self._job.settings())) as writer:
                count = errors = 0
                for chunk in in_chunks(summarize(record for record, _ in records_of(alone))):
                    writer.append(chunk)
                    count += len(chunk)
                    errors += sum(map(failed, chunk))
                writer.finish()
            put(made, target)
        return target.rsplit("/", 1)[-1], count, errors

    def _loaded(self) -> Worker:
        self._worker = self._worker or Worker(self._job)
        return self._worker

    def _one_by_one(self, stack: ExitStack) -> OneByOne:
        if self._worker:  # one model at a time: memory may be short
            self._worker.close()
            self._worker = None
        return stack.enter_context(closing(OneByOne(self._job, Profile())))


def _files(archive: Archive) -> list[File]:
    files = list(archive.files())
    if not files:
        raise BatchError(_NO_FILES)
    return files


def _rows(data: Any) -> Iterator[dict[str, Any]]:
    from ray.exceptions import RayActorError, RayError

    try:
        yield from data.iter_rows()
    except RayActorError as error:
        if getattr(error, "actor_init_failed", False):
            raise BatchError(f"an actor cannot start: {error}") from error
        raise _ActorDiedError from error
    except RayError as error:
        raise BatchError(f"the cluster failed: {error}. The same command continues the run") from error


def _has_settings(folder: str, settings: dict[str, Any], overwrite: bool) -> bool:
    """True if the folder has a settings file with these settings.

    Raises:
        BatchError: The folder was made with other settings, or not by a batch run.
    """
    place = f"{folder}/{_SETTINGS}"
    if not overwrite and exists(place):
        with next(files_of(place)).open() as file:
            earlier = json.loads(file.read())
            unlike = list(differences(earlier, settings | {"cpu": earlier.get("cpu")}))  # actors may have any CPU
        if unlike:
            raise BatchError(
                f"{folder} was made with other settings: {'; '.join(unlike)}. Choose another folder, or use --overwrite"
            )
        return True
    if not overwrite and exists(folder, besides=NAME):
        raise BatchError(f"{folder} was not made by a batch run; choose a new folder, or use --overwrite")
    return False


def _put_text(text: str, place: str) -> None:
    with TemporaryDirectory() as scratch:
        made = Path(scratch) / "text"
        made.write_text(text, "utf-8")
        put(made, place)


def _readers(actors: int | None) -> int:
    """Number of files that are read at once. They reserve no core, so that actors can have all of them, and Ray would
    otherwise read all files at once."""
    return max(2, (actors or 1) // 8)


def _actors(ray: Any, job: Job) -> int:
    return max(1, int(ray.cluster_resources()["CPU"]) // (job.threads or 1))


def _target(folder: str, file: File) -> str:
    """The path of a file's output: with the same name and compression. CSV becomes JSONL."""
    name, packing = file.shown, packing_of(file.place)
    stem = name[: len(name) - len(packing) - len(file.kind)]
    return f"{folder}/{stem}{'.parquet' if file.kind == '.parquet' else '.jsonl' + packing}"


@contextmanager
def connected(address: str | None) -> Iterator[Any]:
    """Connects Ray to a cluster, or starts one on this machine. If the caller is connected already, that connection is
    used, and stays open.

    Raises:
        BatchError: There is no cluster at the address.
        MissingExtraError: Ray is not installed.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise MissingExtraError("the engine ray", "ray[data]", "ray") from error
    mine = not ray.is_initialized()
    if mine:
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.WARNING)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise BatchError(f"there is no Ray cluster at {address or 'hand'}: {error}") from error
    logging.getLogger("ray.data").setLevel(logging.WARNING)  # this project shows its own progress
    ray.data.DataContext.get_current().enable_progress_bars = False
    try:
        yield ray
    finally:
        if mine:
            ray.shutdown()
