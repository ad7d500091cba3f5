"""Training data of the models: examples, points and judged texts."""

from .loading import PARTS, CheckArguments, Data, check, load, usable
from .packing import UnpackArguments, unpack
from .points import PointSources, points_of, shares
from .standalone import JudgedText, StandaloneArticle, StandalonePoint, shuffled, standalone

__all__ = [
    "PARTS",
    "CheckArguments",
    "Data",
    "JudgedText",
    "PointSources",
    "StandaloneArticle",
    "StandalonePoint",
    "UnpackArguments",
    "check",
    "load",
    "points_of",
    "shares",
    "shuffled",
    "standalone",
    "unpack",
    "usable",
]
