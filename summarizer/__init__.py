"""Turns a news article into key points, as an editor would print above it, each with its source sentences."""

from .archive import run_batch
from .errors import (
    ArticleError,
    BatchError,
    ClosedError,
    MissingExtraError,
    ModelError,
    SummarizerError,
    TimeLimitError,
    WriterError,
)
from .options import Options
from .reading import Article
from .summarizer import Summarizer
from .summary import Bullet, Check, Span, Summary
from .version import __version__
from .writers import WriterOptions

__all__ = [
    "Article",
    "ArticleError",
    "BatchError",
    "Bullet",
    "Check",
    "ClosedError",
    "MissingExtraError",
    "ModelError",
    "Options",
    "Span",
    "Summarizer",
    "SummarizerError",
    "Summary",
    "TimeLimitError",
    "WriterError",
    "WriterOptions",
    "__version__",
    "run_batch",
]
