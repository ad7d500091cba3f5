"""Finds and verifies model folders, reads their weights, and computes their versions."""

from .folder import (
    FORMAT,
    folder_of,
    from_hub,
    in_pieces,
    is_hub_name,
    verified,
    version_of,
    weights_of,
)

__all__ = [
    "FORMAT",
    "folder_of",
    "from_hub",
    "in_pieces",
    "is_hub_name",
    "verified",
    "version_of",
    "weights_of",
]
