"""Groups sentences into the points of a list, and chooses the text of each point."""

from .alignment import Aligner
from .candidates import STYLES, Candidate, LookUp, Point, PointWriter, best
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
from .story import JUDGE, KIND, KINDS, STORY_WORDS, WRITE, request, story
from .tidy import bullet_of, finished
from .writer import CALIBRATED, Writer, WrittenPoint, WrittenText

__all__ = [
    "CALIBRATED",
    "DISTANCE_FEATURES",
    "FEATURES",
    "FORMER_NAMES",
    "JUDGE",
    "KIND",
    "KINDS",
    "SCORES",
    "STORY_WORDS",
    "STYLES",
    "UNTRACED",
    "WRITE",
    "Aligner",
    "Candidate",
    "Extractor",
    "FullNames",
    "LookUp",
    "Pipeline",
    "Point",
    "PointWriter",
    "Scored",
    "Writer",
    "WrittenPoint",
    "WrittenText",
    "best",
    "bullet_of",
    "check_point",
    "choose",
    "distance_features",
    "finished",
    "prepared",
    "request",
    "story",
    "surface_features",
    "token_ids",
    "windows",
    "wordings_of",
]
