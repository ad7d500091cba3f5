"""Groups sentences into the points of a list, and chooses the text of each point."""

from .alignment import Aligner
from .content_selection import group
from .context import Context, as_line
from .editor_tools import prepared
from .extractor import (
    DISTANCE_FEATURES,
    FEATURES,
    SCORES,
    WINDOW,
    Extractor,
    Scored,
    distance_features,
    surface_features,
    token_ids,
    windows,
)
from .pipeline import HIGHLIGHTS, Pipeline
from .point import Point
from .rewriter import (
    AS_IT_IS,
    SHORTLIST,
    Candidate,
    Rewriter,
    Task,
    Writer,
    Written,
    finished,
    length_prefix,
    prompt,
)
from .text_choice import COSTS, cost, extracted
from .tidy import bullet_of, only_leaves_out

__all__ = [
    "AS_IT_IS",
    "COSTS",
    "DISTANCE_FEATURES",
    "FEATURES",
    "HIGHLIGHTS",
    "SCORES",
    "SHORTLIST",
    "WINDOW",
    "Aligner",
    "Candidate",
    "Context",
    "Extractor",
    "Pipeline",
    "Point",
    "Rewriter",
    "Scored",
    "Task",
    "Writer",
    "Written",
    "as_line",
    "bullet_of",
    "cost",
    "distance_features",
    "extracted",
    "finished",
    "group",
    "length_prefix",
    "only_leaves_out",
    "prepared",
    "prompt",
    "surface_features",
    "token_ids",
    "windows",
]
