"""Training data of the models: examples, points, pairs and judged texts."""

from .copies import Copies, copies, places_of
from .faults import planted
from .judged import Judged, divided, judged, preferred, with_faults
from .loading import PARTS, CheckArguments, Data, check, load, usable
from .packing import UnpackArguments, unpack
from .pairs import LABEL, Pair, pairs, unfinished
from .points import PointSources, points_of, shares
from .standalone import KINDS, StandaloneArticle, StandalonePoint, shuffled, standalone

__all__ = [
    "KINDS",
    "LABEL",
    "PARTS",
    "CheckArguments",
    "Copies",
    "Data",
    "Judged",
    "Pair",
    "PointSources",
    "StandaloneArticle",
    "StandalonePoint",
    "UnpackArguments",
    "check",
    "copies",
    "divided",
    "judged",
    "load",
    "pairs",
    "places_of",
    "planted",
    "points_of",
    "preferred",
    "shares",
    "shuffled",
    "standalone",
    "unfinished",
    "unpack",
    "usable",
    "with_faults",
]
