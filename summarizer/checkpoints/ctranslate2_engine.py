"""Runs a generator that `python -m training export` made: with CTranslate2 in int8, on the CPU, without torch."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import ctranslate2
from tokenizers import Tokenizer

from ..cpu import cores, use_wide_instructions
from .generator import Generator
from .prompts import GenerationSettings, settings_in


class CTranslate2Engine:
    """A model in CTranslate2's format; implements `Engine`.

    Args:
        folder: Folder with `model.bin`, `config.json`, a vocabulary and `tokenizer.json`.
        settings: The model's settings.
        threads: Number of cores. Default: all that this process may use.

    Raises:
        RuntimeError: CTranslate2 cannot read the model.
    """

    def __init__(self, folder: Path, settings: GenerationSettings, threads: int | None = None) -> None:
        kind = ctranslate2.Translator if settings.kind == "seq2seq" else ctranslate2.Generator
        count = threads or cores()
        use_wide_instructions()
        self._model = kind(str(folder), device="cpu", inter_threads=1, intra_threads=count)
        self._folder = folder
        self.tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))

    def write(self, prompts: Sequence[list[int]], settings: GenerationSettings) -> list[list[int]]:
        """Generates the tokens that follow each prompt, with the same search as in `transformers_engine.py`."""
        tokens = [[self.tokenizer.id_to_token(i) for i in ids] for ids in prompts]
        options = {
            "beam_size": settings.beams,
            "length_penalty": settings.length_penalty,
            "no_repeat_ngram_size": settings.no_repeat_ngram_size,
        }
        if settings.kind == "seq2seq":
            results = self._model.translate_batch(
                tokens,
                max_decoding_length=settings.max_new_tokens,
                min_decoding_length=settings.min_new_tokens,
                return_end_token=True,
                **options,
            )
            written = [result.hypotheses[0] for result in results]
        else:
            results = self._model.generate_batch(
                tokens,
                max_length=settings.max_new_tokens,
                min_length=settings.min_new_tokens,
                include_prompt_in_result=False,
                return_end_token=True,
                end_token=list(settings.ends),
                **options,
            )
            written = [result.sequences[0] for result in results]
        found = [[self.tokenizer.token_to_id(token) for token in one] for one in written]
        return [[i for i in ids if i is not None] for ids in found]

    def save(self, folder: Path) -> None:
        """Copies the model folder."""
        shutil.copytree(self._folder, folder, dirs_exist_ok=True)


def int8_generator(folder: Path, threads: int | None = None) -> Generator:
    """Loads the generator of an exported folder.

    Raises:
        RuntimeError: CTranslate2 cannot read the model.
        ValueError: Its settings are missing, or were written by an incompatible version of this package.
    """
    settings = settings_in(folder)
    if not settings:
        raise ValueError(f"{folder} has no settings file; export the model again")
    return Generator(CTranslate2Engine(folder, settings, threads), settings)
