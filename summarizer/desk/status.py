"""The status of a list, and the actions that change it. `auth.py` has the rights to do them, `api.py` the calls."""

from __future__ import annotations

STATUSES = ("draft", "approved", "rejected", "withdrawn")
_STEPS = {
    "revised": {"draft": "draft", "approved": "draft", "rejected": "draft", "withdrawn": "draft"},
    "approved": {"draft": "approved"},
    "rejected": {"draft": "rejected"},
    "withdrawn": {"approved": "withdrawn"},
}
"""For each action, the new status by the old one. Other statuses do not allow the action."""


class NotAllowedError(Exception):
    """The status of a summary does not allow an action. For example, a rejected list cannot be approved."""


def status_after(status: str, action: str) -> str:
    """Returns the status after an action.

    Raises:
        NotAllowedError: The status does not allow the action.
    """
    if status not in _STEPS[action]:
        allowed = " or ".join(_STEPS[action])
        raise NotAllowedError(f"the list's status is {status}; only a list with status {allowed} can be {action}")
    return _STEPS[action][status]
