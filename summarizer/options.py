"""The options of a call."""

from __future__ import annotations

from dataclasses import dataclass
from threading import TIMEOUT_MAX
from typing import TypedDict, get_args

from .summary import Count, Length, Policy

LENGTHS: tuple[Length, ...] = get_args(Length)
POLICIES: tuple[Policy, ...] = get_args(Policy)
MAX_BULLETS = 50


class CallOptions(TypedDict, total=False):
    """`Options` as keyword arguments."""

    bullets: Count
    length: Length
    policy: Policy
    min_confidence: float | None
    time_limit: float | None


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a call.

    Attributes:
        bullets: Number of bullets. "auto": 3 to 7, depending on the story; 3 in `brief`; 2 to 4 in `highlights`.
            An article with fewer sentences gets fewer bullets.
        length: "standard" (the whole article in full sentences), "brief" (the main news in short sentences), or
            "highlights" (the two to four points that a newsroom would highlight).
        policy: Which texts may be shown. "checked": sentences of the article, and rewrites whose facts are found in
            their sources and that the verifier accepts. "flag": the best rewrite of each point, with the checks that it
            fails, for editors who review them. "extract": sentences of the article only.
        min_confidence: Threshold, 0 to 1, for the probability that an editor would print a rewrite; rewrites below it
            are not shown. None: the model's threshold. A higher threshold shows fewer rewrites, and more of them are
            good (docs/quality.md). With "flag" it only decides which rewrites fail the check.
        time_limit: Maximum seconds per article. None: no limit. The limit is checked between steps (a stage, a window
            of 512 tokens, a bullet), so an article can take one step longer.

    Raises:
        ValueError: An option is out of range.
    """

    bullets: Count = "auto"
    length: Length = "standard"
    policy: Policy = "checked"
    min_confidence: float | None = None
    time_limit: float | None = None

    def __post_init__(self) -> None:
        if self.length not in LENGTHS:
            raise ValueError(f'length must be "standard", "brief" or "highlights", not {self.length!r}')
        if self.policy not in POLICIES:
            raise ValueError(f'policy must be "checked", "flag" or "extract", not {self.policy!r}')
        count, threshold = self.bullets, self.min_confidence
        if count != "auto" and (isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MAX_BULLETS):
            raise ValueError(f'bullets must be "auto" or a whole number from 1 to {MAX_BULLETS}, not {count!r}')
        if threshold is not None and not (_number(threshold) and 0 <= threshold <= 1):
            raise ValueError(
                f"min_confidence must be a number from 0 to 1, not {threshold!r}; None means the model's threshold"
            )
        if self.time_limit is not None and not (_number(self.time_limit) and 0 < self.time_limit <= TIMEOUT_MAX):
            raise ValueError(
                f"time_limit must be a number of seconds above 0, not {self.time_limit!r}; None means no limit"
            )


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
