"""The editors' desk: an HTTP service with pages, where drafts are read, corrected and approved."""

from .commands import managing, serving

__all__ = [
    "managing",
    "serving",
]
