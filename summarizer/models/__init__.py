"""Finds and verifies model folders, and computes their versions."""

from .folder import FORMAT, SETTINGS, folder_of, from_hub, is_checkpoint, is_hub_name, verified, version_of

__all__ = [
    "FORMAT",
    "SETTINGS",
    "folder_of",
    "from_hub",
    "is_checkpoint",
    "is_hub_name",
    "verified",
    "version_of",
]
