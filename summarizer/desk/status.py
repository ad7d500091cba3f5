"""The status of a list, and the steps that change it."""

from __future__ import annotations

STATUSES = ("draft", "approved", "rejected", "withdrawn")
_STEPS = {
    "revised": {"draft": "draft", "approved": "draft", "rejected": "draft", "withdrawn": "draft"},
    "approved": {"draft": "approved"},
    "rejected": {"draft": "rejected"},
    "withdrawn": {"approved": "withdrawn"},
}
"""From which status each action leads where."""


class NotAllowedError(Exception):
    """A step that the status of a summary does not allow: one that was rejected cannot be approved."""


def status_after(status: str, action: str) -> str:
    """The status that an action leads to.

    Raises:
        NotAllowedError: The status does not allow it.
    """
    if status not in _STEPS[action]:
        allowed = " or ".join(_STEPS[action])
        raise NotAllowedError(f"the list is {status}; only one that is {allowed} can be {action}")
    return _STEPS[action][status]
