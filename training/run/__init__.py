"""What every run does: checkpoints, measures, order of the data, card."""

from .card import NO_QUANTIZATION, card
from .checkpoints import begin, go_on, write_whole
from .metrics import watch
from .provenance import command, machine, public
from .sampling import GroupedByLength

__all__ = [
    "NO_QUANTIZATION",
    "GroupedByLength",
    "begin",
    "card",
    "command",
    "go_on",
    "machine",
    "public",
    "watch",
    "write_whole",
]
