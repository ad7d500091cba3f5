"""The models in torch, their losses, and tools that convert or cut their weights."""

from .dequantize import encoder_of, shipped_part
from .extractor_data import ExtractorCollator, ExtractorDataset
from .extractor_model import ExtractorModel, Head
from .generation_loss import IGNORED, Loss
from .int8_linear import use_int8
from .onnx_weights import writer_of
from .packed_rows import PackedRows
from .pruning import with_vocabulary
from .quantization import BLOCK, LINEAR, Quantized, bits_of, packed_codes, quantized, round_weights

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
    "bits_of",
    "encoder_of",
    "packed_codes",
    "quantized",
    "round_weights",
    "shipped_part",
    "use_int8",
    "with_vocabulary",
    "writer_of",
]
