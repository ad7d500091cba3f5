"""Chooses the points of a list, and the text of each point."""

from .alignment import Aligner
from .candidates import STYLES, Candidate, Point, PointWriter, Story, best
from .content_selection import choose
from .editor_tools import UNTRACED, check_point, prepared, wordings_of
from .extractor import (
    DISTANCE_FEATURES,
    FEATURES,
    FORMER_NAMES,
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
    Rewrite,
    Rewriter,
    as_line,
    asked,
    context_of,
    finished,
    prompt,
)
from .tidy import bullet_of

__all__ = [
    "BEAM",
    "DISTANCE_FEATURES",
    "FEATURES",
    "FORMER_NAMES",
    "MAX_SOURCE_TOKENS",
    "MAX_TARGET_TOKENS",
    "SCORES",
    "SHORTLIST",
    "STYLES",
    "UNTRACED",
    "Aligner",
    "Candidate",
    "Extractor",
    "FullNames",
    "Pipeline",
    "Point",
    "PointWriter",
    "Rewrite",
    "Rewriter",
    "Scored",
    "Story",
    "as_line",
    "asked",
    "best",
    "bullet_of",
    "check_point",
    "choose",
    "context_of",
    "distance_features",
    "finished",
    "prepared",
    "prompt",
    "surface_features",
    "token_ids",
    "windows",
    "wordings_of",
]
