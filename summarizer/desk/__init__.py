"""The editors' desk: an HTTP service with pages where editors read, correct and approve drafts."""

from .commands import managing, serving

__all__ = [
    "managing",
    "serving",
]
