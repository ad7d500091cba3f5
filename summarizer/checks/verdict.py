"""The judge's verdict on a text: would an editor print it, and if not, what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from ..summary import Check

Fault = Literal["untrue", "broken", "leaning", "poor"]

VERDICTS = ("good", "untrue", "broken", "leaning", "poor")
"""Readers' verdicts on a text. good: an editor would print it; untrue: it says something that its sentences do not;
broken: it is not a whole sentence; leaning: it cannot be understood alone; poor: it says next to nothing."""
FAULTS: tuple[Fault, ...] = get_args(Fault)
COSTS: dict[Fault, float] = {"untrue": 3.0, "broken": 2.0, "leaning": 1.0, "poor": 0.5}
"""Cost of each fault. A cost of 1 equals the full worth of a point. The values are close to what readers' preferences
imply (docs/quality.md)."""
FAULT_NAMES: dict[Fault, str] = {
    "untrue": "untrue",
    "broken": "not a whole sentence",
    "leaning": "not clear alone",
    "poor": "says too little",
}
"""Names of the faults in messages."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judge's verdict on a text.

    Attributes:
        good: Probability that an editor would print it, 0 to 1.
        untrue: Probability that it says something that its sentences do not.
        broken: Probability that it is not a whole sentence.
        leaning: Probability that it cannot be understood alone.
        poor: Probability that it says next to nothing.
    """

    good: float
    untrue: float = 0.0
    broken: float = 0.0
    leaning: float = 0.0
    poor: float = 0.0

    @property
    def fault(self) -> Fault:
        """The most probable fault."""
        return max(FAULTS, key=lambda fault: getattr(self, fault))

    @property
    def cost(self) -> float:
        """The expected cost of its faults (`COSTS`)."""
        return sum(cost * float(getattr(self, fault)) for fault, cost in COSTS.items())

    def check(self, least: float) -> Check:
        """Returns the verdict as a check. It passes if `good` is at least `least`."""
        said = f"an editor would print it: {self.good:.0%}"
        if self.good < 0.5:
            said += f"; most probably {FAULT_NAMES[self.fault]}"
        return Check("judge", self.good >= least, said)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Turns scores into probabilities of the verdicts. Fitted on judged texts by vector scaling (Guo et al. 2017, "On
    Calibration of Modern Neural Networks"): one slope for all verdicts and a shift for each. The writer doubts what it
    gets wrong, so its own likelihood of the text counts too.

    Attributes:
        slope: Factor of the scores.
        shift: For each verdict, what is added to its score.
        likelihood: For each verdict, the weight of the text's mean log-probability per token.
    """

    slope: float = 1.0
    shift: tuple[float, ...] = (0.0,) * len(VERDICTS)
    likelihood: tuple[float, ...] = (0.0,) * len(VERDICTS)

    def __call__(self, scores: npt.NDArray[Any], likelihood: float | npt.NDArray[Any] = 0.0) -> npt.NDArray[np.float32]:
        """Returns the probabilities of the verdicts, shape (..., VERDICTS).

        Args:
            scores: Shape (..., VERDICTS).
            likelihood: The mean log-probability of each text, shape (...,). Default: 0, for a text that was not read.
        """
        x = self.slope * scores + np.asarray(self.shift) + np.multiply.outer(likelihood, self.likelihood)
        x = np.exp(x - x.max(-1, keepdims=True))
        return np.asarray(x / x.sum(-1, keepdims=True), np.float32)
