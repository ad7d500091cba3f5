"""What the models learn from: examples, points, pairs, judged texts."""

from .articles import ExtractorCollator, ExtractorDataset
from .faults import planted
from .judged import Judged, divided, judged, preferred, with_faults
from .loading import PARTS, Data, load, usable
from .pairs import LABEL, Pair, pairs, unfinished

__all__ = [
    "LABEL",
    "PARTS",
    "Data",
    "ExtractorCollator",
    "ExtractorDataset",
    "Judged",
    "Pair",
    "divided",
    "judged",
    "load",
    "pairs",
    "planted",
    "preferred",
    "unfinished",
    "usable",
    "with_faults",
]
