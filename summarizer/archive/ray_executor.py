"""The batch on Ray Data: the same records, on many machines. Needs the extra `ray`.

An output that is a file is written here, by the run that was started, while actors on all machines read and summarize:
it is the file that the local engine writes, and is gone on from in the same way. An output that is a folder gets a file
for each of the archive's, each made by one actor as `summarize batch` makes it; one that is there is not made again.
"""

from __future__ import annotations

import json
import logging
import pickle
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..deadline import Profile
from ..errors import BatchError, MissingExtraError
from .crashes import OneByOne
from .executors import DiedError
from .folder_lock import NAME, claimed
from .lines import CHUNK_SIZE, failed, in_chunks
from .records import Archive, Record, records_of
from .resumable_writer import ResumableWriter, differences
from .storage import TABLES, File, exists, files_of, is_uri, packing_of, put, remove
from .worker import Job, Worker

BLOCK = 4 * CHUNK_SIZE
"""Records per task of an actor."""
_READING = 0.1
"""Cores that Ray reserves for reading a file."""
_TASKS = 2
"""Blocks that wait at an actor or run there."""
_RETRIES = 1
"""Retries of a task whose actor died. Ray's default is to retry forever, which an article that ends every process would
make endless."""
_SETTINGS = "settings.run"
_NO_FILES = "the engine ray reads files, and no standard input"
_log = logging.getLogger(__name__)


class Cluster:
    """An executor: a pool of actors on a Ray cluster, each with a model of its own.

    Args:
        job: What to do with each record.
        archive: The archive, which the actors read themselves.
        actors: Number of actors. Default: as many as the cluster has cores for.
        address: Address of the cluster. Default: the one that Ray finds, else a cluster on this machine.

    Raises:
        BatchError: The archive is standard input, or the cluster is not there.
        MissingExtraError: Ray is not installed.
    """

    def __init__(self, job: Job, archive: Archive, actors: int | None, address: str | None) -> None:
        self._files = _files(archive)
        self.profile = Profile()
        self._connection = ExitStack()
        self._ray: Any = None
        self._job = job
        self._actors = actors
        self._address = address

    @property
    def in_flight(self) -> int:
        """Maximum number of records that are read and have no line yet."""
        return (_TASKS * (self._actors or 1) + 1) * BLOCK

    def load(self) -> None:
        """Connects to the cluster. The actors load the model when they start."""
        if not self._ray:
            self._ray = self._connection.enter_context(connected(self._address))
            self._actors = self._actors or _actors(self._ray, self._job)

    def __call__(self, records: Iterator[Record]) -> Iterator[str]:
        """The line of each record, in order. Only the first of `records` is read here: the actors read the files.

        Raises:
            DiedError: An actor died twice of the same records.
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
            raise DiedError(list(islice(rest, done, done + self.in_flight))) from error

    def _lines(self, first: Record) -> Iterator[str]:
        """The lines of all records from the first one on."""
        files = self._files
        start = next(at for at, file in enumerate(files) if file.name == first.name)
        pieces = [{"file": pickle.dumps(file), "behind": 0} for file in files[start:]]
        pieces[0]["behind"] = first.number - 1
        data = self._ray.data
        data.DataContext.get_current().execution_options.preserve_order = True
        lines = (
            data.from_items(pieces, override_num_blocks=len(pieces))
            .map_batches(_read, batch_size=1, num_cpus=_READING)
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
            yield row["line"]

    def close(self) -> None:
        """Leaves the cluster."""
        self._connection.close()
        self._ray = None


class _ActorDiedError(Exception):
    """An actor died, and died again when its task was retried."""


def _read(batch: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The records of a file, in blocks."""
    file, behind = pickle.loads(batch["file"][0]), batch["behind"][0]
    records = (record for record, _ in records_of(file) if record.number > behind)
    while block := list(islice(records, BLOCK)):
        yield {"record": [pickle.dumps(record) for record in block]}


class _Actor:
    def __init__(self, job: Job) -> None:
        self._worker = Worker(job)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[str]]:
        return {"line": list(self._worker(pickle.loads(record) for record in batch["record"]))}


def file_by_file(
    job: Job, archive: Archive, folder: str, actors: int | None, address: str | None, overwrite: bool = False
) -> Iterator[tuple[str, int, int]]:
    """Makes a file in a folder for each file of the archive, and gives for each its place, the records that it has, and
    how many of them tell of an error.

    Args:
        job: As of a `Cluster`; so are `archive`, `actors` and `address`.
        archive: See there.
        folder: A folder or its URI.
        actors: See there.
        address: See there.
        overwrite: Whether files that are there are made again.

    Raises:
        BatchError: As there; the folder was made with other settings, or by something else; another run writes to it;
            or a file of the archive is no table.
        MissingExtraError: Ray is not installed.
    """
    files = _files(archive)
    folder = folder.rstrip("/") if is_uri(folder) else str(Path(folder).resolve())
    targets: dict[str, File] = {}
    for file in files:
        if file.kind not in TABLES:
            raise BatchError(f"{file.shown}: a folder of outputs is for archives in .jsonl, .csv or .parquet files")
        other = targets.setdefault(_target(folder, file), file)
        if other != file:
            raise BatchError(f"{other.shown} and {file.shown} would have one output; rename one of them")
    _has_settings(folder, job.settings(), overwrite)  # what is refused is left without a lock
    with ExitStack() as stack:
        stack.enter_context(claimed(folder))
        if not _has_settings(folder, job.settings(), overwrite):
            _put_text(json.dumps(job.settings(), indent=2) + "\n", f"{folder}/{_SETTINGS}")
        todo = [file for target, file in targets.items() if overwrite or not exists(target)]
        if len(todo) < len(files):
            _log.warning("%d of %d files are there already", len(files) - len(todo), len(files))
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
                yield row["place"], row["count"], row["errors"]
        except _ActorDiedError as error:
            raise BatchError("an actor died twice; is there too little memory? The same command continues") from error


class _Maker:
    """Makes one file of the output. If its process died of this file before, it reads the records one by one."""

    def __init__(self, job: Job, folder: str) -> None:
        self._job, self._folder = job, folder
        self._worker: Worker | None = None

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        file = pickle.loads(row["file"])
        target, alone = _target(self._folder, file), replace(file, name="")
        begun = f"{target}.begun"
        with TemporaryDirectory() as scratch, ExitStack() as stack:
            stack.callback(remove, begun)  # this process did not die
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
        return {"place": target.rsplit("/", 1)[-1], "count": count, "errors": errors}

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
        raise _ActorDiedError from error
    except RayError as error:
        raise _ours(error) or BatchError(f"the cluster failed: {error}. The same command goes on") from error


def _ours(error: BaseException | None) -> BatchError | None:
    """What an actor of this module raised, which Ray has wrapped in errors of its own."""
    while error is not None:
        if isinstance(error, BatchError):
            return BatchError(str(error))
        error = getattr(error, "cause", None) or error.__cause__
    return None


def _has_settings(folder: str, settings: dict[str, Any], overwrite: bool) -> bool:
    """Whether the folder says already that it is made with these settings.

    Raises:
        BatchError: It is made with others, or by something else.
    """
    place = f"{folder}/{_SETTINGS}"
    if not overwrite and exists(place):
        with next(files_of(place)).open() as file:
            earlier = json.loads(file.read())
            unlike = list(differences(earlier, settings | {"cpu": earlier.get("cpu")}))  # actors may have any
        if unlike:
            raise BatchError(
                f"{folder} was made with other settings: {'; '.join(unlike)}. Choose another folder, or say --overwrite"
            )
        return True
    if not overwrite and exists(folder, besides=NAME):
        raise BatchError(f"{folder} was not made by a batch run; choose a new folder, or say --overwrite")
    return False


def _put_text(text: str, place: str) -> None:
    with TemporaryDirectory() as scratch:
        made = Path(scratch) / "text"
        made.write_text(text, "utf-8")
        put(made, place)


def _actors(ray: Any, job: Job) -> int:
    return max(1, int(ray.cluster_resources()["CPU"]) // (job.threads or 1))


def _target(folder: str, file: File) -> str:
    """Where a file's output goes: with the file's name, and packed where the file is; CSV gives JSONL."""
    name, packing = file.shown, packing_of(file.place)
    stem = name[: len(name) - len(packing) - len(file.kind)]
    return f"{folder}/{stem}{'.parquet' if file.kind == '.parquet' else '.jsonl' + packing}"


@contextmanager
def connected(address: str | None) -> Iterator[Any]:
    """Ray, connected to a cluster, or to one of this machine's own. A connection that the caller has stays as it is.

    Raises:
        BatchError: There is none at the address.
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
