"""Finds and verifies model folders, reads their weights, and computes their versions."""

from .folder import (
    FORMAT,
    SETTINGS,
    folder_of,
    from_hub,
    in_pieces,
    is_checkpoint,
    is_hub_name,
    verified,
    version_of,
    weights_of,
)

__all__ = [
    "FORMAT",
    "SETTINGS",
    "folder_of",
    "from_hub",
    "in_pieces",
    "is_checkpoint",
    "is_hub_name",
    "verified",
    "version_of",
    "weights_of",
]
