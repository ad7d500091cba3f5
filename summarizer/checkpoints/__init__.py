"""Any checkpoint of transformers as a summarizer. Nothing here imports torch before a model is loaded."""

from .backend import AbstractiveBackend, as_read
from .ctranslate2_engine import int8_generator
from .generator import Engine, Generator, prompt_ids
from .prompts import GenerationSettings, for_training, settings_of
from .transformers_engine import TransformersEngine, generator_of, load, pad_of

__all__ = [
    "AbstractiveBackend",
    "Engine",
    "GenerationSettings",
    "Generator",
    "TransformersEngine",
    "as_read",
    "for_training",
    "generator_of",
    "int8_generator",
    "load",
    "pad_of",
    "prompt_ids",
    "settings_of",
]
