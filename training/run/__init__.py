"""Shared by all training runs: the Trainer, its checkpoints, the order of the data, the record, the model card."""

from .card import card
from .checkpoints import claim_folder
from .provenance import public, write_record
from .trainer import trained

__all__ = [
    "card",
    "claim_folder",
    "public",
    "trained",
    "write_record",
]
