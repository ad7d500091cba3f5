"""Any checkpoint of transformers as a summarizer. Nothing here imports torch before a model is loaded."""

from .backend import Generated, as_read
from .ctranslate2_engine import int8_generator
from .generator import Engine, Generator, prompt_ids
from .settings import Family, family_of, for_training
from .transformers_engine import Checkpoint, generator_of, load, pad_of

__all__ = [
    "Checkpoint",
    "Engine",
    "Family",
    "Generated",
    "Generator",
    "as_read",
    "family_of",
    "for_training",
    "generator_of",
    "int8_generator",
    "load",
    "pad_of",
    "prompt_ids",
]
