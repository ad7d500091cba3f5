"""Checks whether a point is true to its sentences and can be understood alone."""

from .checker import Checker
from .fact_index import FactIndex
from .facts import FACT_KINDS, HONORIFICS, OPENERS, QUOTED, TITLES, Fact, Name, Number, facts, numbers
from .standalone import needs_context, starts_with_anaphor
from .verdict import COSTS, FAULT_NAMES, VERDICTS, Calibration, Fault, Verdict

__all__ = [
    "COSTS",
    "FACT_KINDS",
    "FAULT_NAMES",
    "HONORIFICS",
    "OPENERS",
    "QUOTED",
    "TITLES",
    "VERDICTS",
    "Calibration",
    "Checker",
    "Fact",
    "FactIndex",
    "Fault",
    "Name",
    "Number",
    "Verdict",
    "facts",
    "needs_context",
    "numbers",
    "starts_with_anaphor",
]
