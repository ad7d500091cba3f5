"""Batch runs on many machines, with Ray Data. Needs the extra `ray`.

The output is a folder with one file for each file of the archive. Each is made by one actor, as by `summarize batch`,
so a stopped run continues within it if the folder is on storage that all machines share. In S3 and the like a file
appears when it is finished.
"""

from __future__ import annotations

import logging
import pickle
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..errors import BatchError, MissingExtraError, ModelError, SummarizerError
from .archive_reader import Archive, records_of
from .batch import summarized
from .output import Output
from .storage import TABLES, File, is_uri, packing_of, system_of
from .worker import Job, Worker

Counts = tuple[str, int, int, int]
_ERRORS = ".errors.jsonl"


def file_by_file(
    job: Job,
    archive: Archive,
    folder: str,
    actors: int | None,
    address: str | None,
    overwrite: bool,
    skip: frozenset[str],
) -> Iterator[Counts]:
    """Writes one file into a folder for each file of the archive. Yields the name of each, the number of summaries that
    it had before, of those that were added, and of errors.

    Args:
        job: What to do with each record.
        archive: The archive.
        folder: A folder or its URI.
        actors: Number of actors. Default: as many as the cluster has cores for.
        address: Address of the cluster. Default: the one that Ray finds, else a cluster on this machine.
        overwrite: Whether existing files are made again.
        skip: Ids of records to leave out.

    Raises:
        BatchError: The archive has a file that is not .jsonl, .csv or .parquet, or is standard input; there is no
            cluster at the address; an output was made with other settings; or an actor died.
        MissingExtraError: Ray is not installed.
    """
    folder = folder.rstrip("/") if is_uri(folder) else str(Path(folder).resolve())
    targets: dict[str, File] = {}
    for file in archive.files():
        if file.kind not in TABLES:
            raise BatchError(f'{file.shown}: the engine "ray" reads .jsonl, .csv and .parquet files')
        other = targets.setdefault(_target(folder, file), file)
        if other != file:
            raise BatchError(f"{other.shown} and {file.shown} would have the same output; rename one of them")
        if _target(folder, file) == file.place:
            raise BatchError(f"{file.place} is the archive; name another folder for the output")
    if not targets:
        raise BatchError('the engine "ray" cannot read standard input; name a file, a folder or a URI')
    with connected(address) as ray:
        most = actors or max(1, int(ray.cluster_resources()["CPU"]) // (job.threads or 1))
        rows = [{"target": target, "file": pickle.dumps(file)} for target, file in targets.items()]
        made = ray.data.from_items(rows, override_num_blocks=len(rows)).map(
            _Maker,
            fn_constructor_args=(job, overwrite, skip),
            num_cpus=job.threads,
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=min(most, len(rows))),
            max_task_retries=1,
        )
        for row in _rows(made):
            if row["fault"]:
                raise (ModelError if row["model"] else BatchError)(row["fault"])
            yield row["name"], row["earlier"], row["written"], row["errors"]


class _Maker:
    """Makes files of the output, one after the other. It returns errors as values: of an exception, Ray passes on only
    a traceback."""

    def __init__(self, job: Job, overwrite: bool, skip: frozenset[str]) -> None:
        self._job, self._overwrite, self._skip = job, overwrite, skip
        self._worker: Worker | None = None

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        name = str(row["target"]).rsplit("/", 1)[-1]
        found = {"name": name, "earlier": 0, "written": 0, "errors": 0, "fault": "", "model": False}
        try:
            earlier, written, errors = self._made(pickle.loads(row["file"]), str(row["target"]))
            found |= {"earlier": earlier, "written": written, "errors": errors}
        except SummarizerError as error:
            found |= {"fault": str(error), "model": not isinstance(error, BatchError)}
        return found

    def _made(self, file: File, target: str) -> tuple[int, int, int]:
        self._worker = self._worker or Worker(self._job)
        with ExitStack() as stack:
            place = Path(target)
            if remote := is_uri(target):
                system, there = system_of(target)
                place = Path(stack.enter_context(TemporaryDirectory())) / place.name
                for ending in ("", _ERRORS):
                    if not self._overwrite and system.exists(there + ending):
                        system.get_file(there + ending, f"{place}{ending}")
            place.parent.mkdir(parents=True, exist_ok=True)
            with closing(Output(place, self._job.settings(), self._overwrite)) as out:
                records = (record for record, _ in records_of(file))
                for _ in summarized(records, out, self._worker, self._job.fields, self._skip):
                    pass
                out.complete = True
            if remote:
                system.makedirs(there.rsplit("/", 1)[0], exist_ok=True)
                if out.errors:
                    system.put_file(f"{place}{_ERRORS}", there + _ERRORS)
                elif system.exists(there + _ERRORS):
                    system.rm_file(there + _ERRORS)
                system.put_file(str(place), there)
        return out.earlier, out.written, out.errors


def _rows(data: Any) -> Iterator[dict[str, Any]]:
    from ray.exceptions import RayActorError, RayError

    try:
        yield from data.iter_rows()
    except RayActorError as error:
        raise BatchError(
            f"an actor died; is there too little memory? The same command continues, and --skip ID leaves a record out "
            f"({error})"
        ) from error
    except RayError as error:
        raise BatchError(f"the cluster failed: {error}. The same command continues the run") from error


def _target(folder: str, file: File) -> str:
    """The path of a file's output: with the same name and compression, as JSONL."""
    name, packing = file.shown, packing_of(file.place)
    stem = name[: len(name) - len(packing) - len(file.kind)]
    return f"{folder}/{stem}.jsonl{packing}"


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
