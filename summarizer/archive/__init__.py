"""A million articles into a file: `run_batch`, and the records that it reads."""

from .batch import run_batch
from .executors import usual_processes
from .records import Archive, Record, field_at, object_of
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
