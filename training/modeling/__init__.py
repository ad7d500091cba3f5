"""The models in torch, their losses, and tools that convert or cut their weights."""

from .dequantize import encoder_of, rewriter_of, shipped_part
from .extractor_data import ExtractorCollator, ExtractorDataset
from .extractor_model import ExtractorModel, Head
from .generation_loss import IGNORED, Loss
from .int8_linear import use_int8
from .onnx_weights import writer_of
from .packed_rows import PackedRows
from .pruning import with_decoder_layers, with_vocabulary
from .quantization import BLOCK, LINEAR, Quantized, bits_of, packed_codes, quantized, round_weights
from .shortlist import write_shortlist
from .writers import Texts, Writer

__all__ = [
    "BLOCK",
    "IGNORED",
    "LINEAR",
    "ExtractorCollator",
    "ExtractorDataset",
    "ExtractorModel",
    "Head",
    "Loss",
    "PackedRows",
    "Quantized",
    "Texts",
    "Writer",
    "bits_of",
    "encoder_of",
    "packed_codes",
    "quantized",
    "rewriter_of",
    "round_weights",
    "shipped_part",
    "use_int8",
    "with_decoder_layers",
    "with_vocabulary",
    "write_shortlist",
    "writer_of",
]
