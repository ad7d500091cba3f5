"""Is a point true to its sources, whole, and understandable alone? Exact look-ups, and a learned verifier."""

from .lookups import Checker
from .verifier import Fault, Verdict, Verifier

__all__ = ["Checker", "Fault", "Verdict", "Verifier"]
