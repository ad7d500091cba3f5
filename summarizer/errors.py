"""The errors of the library. Each says what was wrong, where, and what to do."""

from __future__ import annotations


class SummarizerError(Exception):
    """Any error that the library raises on purpose."""


class ArticleError(SummarizerError, ValueError):
    """An article that cannot be read or summarized."""


class ModelError(SummarizerError):
    """A model folder that is missing, damaged, or of a kind that this version cannot run."""


class MissingExtraError(SummarizerError, ImportError):
    """Something needs a package that the base install leaves out."""

    def __init__(self, what: str, package: str, extra: str) -> None:
        super().__init__(f"{what} needs {package}: pip install 'newsroom-summarizer[{extra}]'")


class TimeLimitError(SummarizerError, TimeoutError):
    """An article took longer than it may."""


class ClosedError(SummarizerError, RuntimeError):
    """A `Summarizer` that was closed was asked for more."""


class BatchError(SummarizerError, ValueError):
    """A batch run that cannot begin or go on; what is written so far stays, and is gone on from."""


class WorkerDiedError(BatchError):
    """A process that read articles died: of too little memory, or of an article."""
