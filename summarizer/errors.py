"""The errors of the library. Each message says what was wrong, where, and what to do."""

from __future__ import annotations


class SummarizerError(Exception):
    """Base class of all errors that the library raises on purpose."""


class ArticleError(SummarizerError, ValueError):
    """An article cannot be read, or has nothing to summarize."""


class ModelError(SummarizerError):
    """A model is missing, damaged, or of a kind that this version cannot run."""


class MissingExtraError(SummarizerError, ImportError):
    """An optional package is missing. The message says how to install it."""

    def __init__(self, what: str, package: str, extra: str) -> None:
        super().__init__(what, package, extra)

    def __str__(self) -> str:
        what, package, extra = self.args
        return f"{what} needs {package}: pip install '.[{extra}]' in a checkout of this project"


class TimeLimitError(SummarizerError, TimeoutError):
    """An article took longer than its time limit."""


class WriterError(SummarizerError):
    """The language model that writes the points cannot be reached, or its address, key, name or guide is wrong."""


class ClosedError(SummarizerError, RuntimeError):
    """A `Summarizer` was used after `close`."""


class BatchError(SummarizerError, ValueError):
    """A batch run cannot start or continue. What was written stays, and a later run continues from there."""


class WorkerDiedError(BatchError):
    """A worker process died: it ran out of memory, or an article crashed it."""
