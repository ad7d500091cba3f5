"""The options of a call, and their validation."""

from __future__ import annotations

from threading import TIMEOUT_MAX
from typing import TypedDict, get_args

from .summary import Count, Length, Options, Policy

LENGTHS: tuple[Length, ...] = get_args(Length)
POLICIES: tuple[Policy, ...] = get_args(Policy)
MAX_BULLETS = 50


class CallOptions(TypedDict, total=False):
    """The options of a call as keyword arguments, described in `Summarizer.__call__`."""

    bullets: Count
    length: Length
    policy: Policy
    min_confidence: float | None
    time_limit: float | None


def valid_options(
    bullets: Count,
    length: Length,
    policy: Policy,
    min_confidence: float | None = None,
    time_limit: float | None = None,
) -> Options:
    """Returns the options of a call, after validation.

    Raises:
        ValueError: An option is out of range.
    """
    if length not in LENGTHS:
        raise ValueError(f'length must be "standard" or "brief", not {length!r}')
    if policy not in POLICIES:
        raise ValueError(f'policy must be "checked", "flag" or "extract", not {policy!r}')
    if bullets != "auto" and (
        isinstance(bullets, bool) or not isinstance(bullets, int) or not 1 <= bullets <= MAX_BULLETS
    ):
        raise ValueError(f'bullets must be "auto" or a whole number from 1 to {MAX_BULLETS}, not {bullets!r}')
    check_time_limit(time_limit)
    if min_confidence is None:
        return Options(bullets, length, policy)
    if isinstance(min_confidence, bool) or not isinstance(min_confidence, int | float) or not 0 <= min_confidence <= 1:
        raise ValueError(
            f"min_confidence must be a number from 0 to 1, not {min_confidence!r}; None means the model's threshold"
        )
    return Options(bullets, length, policy, float(min_confidence))


def check_time_limit(seconds: float | None) -> None:
    """Validates a time limit.

    Raises:
        ValueError: It is not above 0, or is longer than Python can wait.
    """
    number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if seconds is not None and not (number and 0 < seconds <= TIMEOUT_MAX):
        raise ValueError(f"time_limit must be a number of seconds above 0, not {seconds!r}; None means no limit")
