"""A generator that `python -m training export` made: CTranslate2 in int8, on the CPU, without torch."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import ctranslate2
from tokenizers import Tokenizer

from ..cpu import cores, use_wide_instructions
from .generator import Generator
from .settings import Family, family_in


class Int8:
    """A model in CTranslate2's form; an `Engine`.

    Args:
        folder: Holds `model.bin`, `config.json`, a vocabulary and `tokenizer.json`.
        family: Its family.
        threads: Cores to use; default: all that this process may use.

    Raises:
        RuntimeError: CTranslate2 cannot read the model.
    """

    def __init__(self, folder: Path, family: Family, threads: int | None = None) -> None:
        kind = ctranslate2.Translator if family.kind == "seq2seq" else ctranslate2.Generator
        count = threads or cores()
        use_wide_instructions()
        self._model = kind(str(folder), device="cpu", inter_threads=1, intra_threads=count)
        self._folder = folder
        self.tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))

    def write(self, prompts: Sequence[list[int]], family: Family) -> list[list[int]]:
        """The tokens that follow each prompt: the same search as in `checkpoint.py`."""
        tokens = [[self.tokenizer.id_to_token(i) for i in ids] for ids in prompts]
        options = {
            "beam_size": family.beams,
            "length_penalty": family.length_penalty,
            "no_repeat_ngram_size": family.no_repeat,
        }
        if family.kind == "seq2seq":
            results = self._model.translate_batch(
                tokens,
                max_decoding_length=family.longest,
                min_decoding_length=family.least,
                return_end_token=True,
                **options,
            )
            written = [result.hypotheses[0] for result in results]
        else:
            results = self._model.generate_batch(
                tokens,
                max_length=family.longest,
                min_length=family.least,
                include_prompt_in_result=False,
                return_end_token=True,
                end_token=list(family.ends),
                **options,
            )
            written = [result.sequences[0] for result in results]
        found = [[self.tokenizer.token_to_id(token) for token in one] for one in written]
        return [[i for i in ids if i is not None] for ids in found]

    def save(self, folder: Path) -> None:
        """Copies the model."""
        shutil.copytree(self._folder, folder, dirs_exist_ok=True)


def int8_generator(folder: Path, threads: int | None = None) -> Generator:
    """The generator of an exported folder.

    Raises:
        RuntimeError: CTranslate2 cannot read the model.
        ValueError: Its settings are missing, or of another version of this package.
    """
    family = family_in(folder)
    if not family:
        raise ValueError(f"{folder} lacks its settings")
    return Generator(Int8(folder, family, threads), family)
