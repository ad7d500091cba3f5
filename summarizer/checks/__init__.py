"""Checks whether a point is true to its sentences and can be understood alone."""

from .checker import Checker
from .fact_index import FactIndex
from .facts import FACT_KINDS, HONORIFICS, QUOTED, Fact, Name, Number, facts
from .standalone import needs_context, starts_with_anaphor
from .verifier import (
    FAULT_NAMES,
    MARKS,
    TEXT_KINDS,
    VERDICTS,
    Calibration,
    Fault,
    TextKind,
    Verdict,
    Verifier,
    log_odds,
    verifier_input,
)

__all__ = [
    "FACT_KINDS",
    "FAULT_NAMES",
    "HONORIFICS",
    "MARKS",
    "QUOTED",
    "TEXT_KINDS",
    "VERDICTS",
    "Calibration",
    "Checker",
    "Fact",
    "FactIndex",
    "Fault",
    "Name",
    "Number",
    "TextKind",
    "Verdict",
    "Verifier",
    "facts",
    "log_odds",
    "needs_context",
    "starts_with_anaphor",
    "verifier_input",
]
