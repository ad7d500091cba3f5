"""Whether a point is true to its sentences and can be understood alone."""

from .context import dangles, leans
from .fact_index import Known
from .facts import FACT_KINDS, HONORIFICS, OPENERS, QUOTED, TITLES, Fact, Name, Number, facts, numbers
from .lookups import Checker
from .verifier import MARKS, TEXT_KINDS, VERDICTS, Calibration, Fault, Kind, Verdict, Verifier, log_odds, reading

__all__ = [
    "FACT_KINDS",
    "HONORIFICS",
    "MARKS",
    "OPENERS",
    "QUOTED",
    "TEXT_KINDS",
    "TITLES",
    "VERDICTS",
    "Calibration",
    "Checker",
    "Fact",
    "Fault",
    "Kind",
    "Known",
    "Name",
    "Number",
    "Verdict",
    "Verifier",
    "dangles",
    "facts",
    "leans",
    "log_odds",
    "numbers",
    "reading",
]
