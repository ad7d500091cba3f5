"""Training data of the models: examples, points, pairs and judged texts."""

from .faults import planted
from .judged import Judged, divided, judged, preferred, with_faults
from .loading import PARTS, CheckArguments, Data, check, load
from .packing import UnpackArguments, unpack
from .pairs import LABEL, Pair, pairs, unfinished
from .points import PointSources, points_of, shares
from .references import references

__all__ = [
    "LABEL",
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
    "planted",
    "points_of",
    "preferred",
    "references",
    "shares",
    "unfinished",
    "unpack",
    "with_faults",
]
