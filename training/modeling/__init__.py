"""The models in torch, their losses, and tools that convert or cut their weights."""

from .dequantize import encoder_of, rewriter_of, shipped_part
from .extractor_data import ExtractorCollator, ExtractorDataset
from .extractor_model import ExtractorModel, Head, make_fast
from .generation_loss import IGNORED, Loss
from .shortlist import write_shortlist
from .vocabulary import with_vocabulary
from .writers import Texts, Writer, use_fused_gelu

__all__ = [
    "IGNORED",
    "ExtractorCollator",
    "ExtractorDataset",
    "ExtractorModel",
    "Head",
    "Loss",
    "Texts",
    "Writer",
    "encoder_of",
    "make_fast",
    "rewriter_of",
    "shipped_part",
    "use_fused_gelu",
    "with_vocabulary",
    "write_shortlist",
]
