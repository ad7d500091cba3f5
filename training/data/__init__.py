"""Training data of the models: examples, points, pairs and judged texts."""

from .judged import Judged, divided, judged, preferred
from .loading import PARTS, CheckArguments, Data, check, load
from .packing import UnpackArguments, unpack
from .pairs import Pair, pairs
from .points import PointSources, points_of, shares
from .references import references

__all__ = [
    "PARTS",
    "CheckArguments",
    "Data",
    "Judged",
    "Pair",
    "PointSources",
    "UnpackArguments",
    "check",
    "divided",
    "judged",
    "load",
    "pairs",
    "points_of",
    "preferred",
    "references",
    "shares",
    "unpack",
]
