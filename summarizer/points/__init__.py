"""Groups sentences into the points of a list, and chooses the text of each point."""

from .alignment import Aligner
from .content_selection import group
from .context import Context, as_line
from .editor_tools import UNTRACED, check_point, point_on, prepared, wordings_of
from .extractor import (
    DISTANCE_FEATURES,
    FEATURES,
    SCORES,
    Extractor,
    Scored,
    distance_features,
    surface_features,
    token_ids,
    windows,
)
from .full_names import FullNames
from .pipeline import Pipeline
from .rewriter import (
    BEAM,
    MAX_SOURCE_TOKENS,
    MAX_TARGET_TOKENS,
    SHORTLIST,
    Candidate,
    Rewriter,
    Task,
    Writer,
    Written,
    asked,
    finished,
    prompt,
)
from .text_choice import COSTS, STYLES, Point, Rewrite, TextChooser, cost, extracted, source_sentences
from .tidy import bullet_of

__all__ = [
    "BEAM",
    "COSTS",
    "DISTANCE_FEATURES",
    "FEATURES",
    "MAX_SOURCE_TOKENS",
    "MAX_TARGET_TOKENS",
    "SCORES",
    "SHORTLIST",
    "STYLES",
    "UNTRACED",
    "Aligner",
    "Candidate",
    "Context",
    "Extractor",
    "FullNames",
    "Pipeline",
    "Point",
    "Rewrite",
    "Rewriter",
    "Scored",
    "Task",
    "TextChooser",
    "Writer",
    "Written",
    "as_line",
    "asked",
    "bullet_of",
    "check_point",
    "cost",
    "distance_features",
    "extracted",
    "finished",
    "group",
    "point_on",
    "prepared",
    "prompt",
    "source_sentences",
    "surface_features",
    "token_ids",
    "windows",
    "wordings_of",
]
