"""Finds and verifies model folders, and computes their versions."""

from .folder import FORMAT, folder_of, verified, version_of

__all__ = ["FORMAT", "folder_of", "verified", "version_of"]
