"""Shared by all training runs: checkpoints, metrics, order of the data, model card."""

from .card import card
from .checkpoints import claim_folder, train_or_resume, write_whole
from .metrics import add_callbacks
from .provenance import command, machine, public
from .sampling import LengthGroupedTrainer

__all__ = [
    "LengthGroupedTrainer",
    "add_callbacks",
    "card",
    "claim_folder",
    "command",
    "machine",
    "public",
    "train_or_resume",
    "write_whole",
]
