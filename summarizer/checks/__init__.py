"""Is a point true to its sources, whole, and understandable alone? Exact look-ups and rules, and a learned verifier."""

from .rules import Checker
from .verifier import Fault, Least, Verdict, Verifier

__all__ = ["Checker", "Fault", "Least", "Verdict", "Verifier"]
