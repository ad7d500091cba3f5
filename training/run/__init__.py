"""Shared by all training runs: checkpoints, metrics, order of the data, record, model card."""

from .card import card
from .checkpoints import claim_folder, train_or_resume
from .metrics import add_callbacks
from .provenance import public, write_record
from .sampling import LengthGroupedTrainer

__all__ = [
    "LengthGroupedTrainer",
    "add_callbacks",
    "card",
    "claim_folder",
    "public",
    "train_or_resume",
    "write_record",
]
