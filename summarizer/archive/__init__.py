"""Summarizes archives of any size into files (`run_batch`), and reads the records of an archive."""

from .archive_reader import Archive, Record, field_at, object_of
from .batch import run_batch
from .executors import usual_processes
from .storage import files_of, kind_of, unpacked

__all__ = [
    "Archive",
    "Record",
    "field_at",
    "files_of",
    "kind_of",
    "object_of",
    "run_batch",
    "unpacked",
    "usual_processes",
]
