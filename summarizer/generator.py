"""The other road: a Hugging Face checkpoint writes the list. Only here does the library use torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .errors import MissingExtraError, ModelError
from .family import Family, family_of
from .summary import Length

TOKENS = 8192
"""Tokens of a batch, padding included."""
MOST_DIGITS = 10
"""A number of bullets that takes as many tokens as any."""
_DEFAULT_CAP = 20
"""What transformers sets where a checkpoint says nothing: no list of bullets is as short."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the checkpoint wrote of one text.

    Attributes:
        bullets: Its bullets, in its order.
        cut: Whether it was still writing when it reached the cap; its last bullet is then left out.
    """

    bullets: tuple[str, ...]
    cut: bool


class Generator:
    """A sequence-to-sequence or causal checkpoint, ready to write.

    Args:
        model: The model, from transformers.
        tokenizer: Its tokenizer.
        family: How it is asked and read.
    """

    def __init__(self, model: Any, tokenizer: Any, family: Family) -> None:
        self.model, self.tokenizer, self.family = model, tokenizer, family

    def save(self, folder: Path) -> None:
        """Writes the checkpoint: weights as safetensors, tokenizer, and how it is asked."""
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        self.family.save(folder)

    @classmethod
    def from_pretrained(cls, checkpoint: str, device: str | None = None, threads: int | None = None) -> Generator:
        """Loads a checkpoint: a folder, or a name on the Hub, which is then downloaded unless it was before.

        Args:
            checkpoint: The folder or name. An adapter that peft wrote is loaded onto its base.
            device: "cpu", "cuda" or another that torch knows; default: a GPU if there is one.
            threads: Cores that torch uses in this process; default: as it is.

        Raises:
            MissingExtraError: torch or transformers is not installed.
            ModelError: It cannot be read, or is of a kind that cannot write.
        """
        try:
            import torch
            import transformers  # noqa: F401
        except ImportError as error:
            raise MissingExtraError(f"the checkpoint {checkpoint!r}", "torch and transformers", "torch") from error
        if threads:
            torch.set_num_threads(threads)
        model, tokenizer = load(checkpoint)
        family = family_of(model.config, tokenizer, Path(checkpoint) if Path(checkpoint).is_dir() else None)
        place = device or ("cuda" if torch.cuda.is_available() else "cpu")
        return cls(model.to(place).eval(), tokenizer, family)

    def __call__(self, texts: Sequence[str], counts: Sequence[int], length: Length = "standard") -> list[Answer]:
        """Writes the lists of texts, each cut to what the window holds.

        Args:
            texts: Articles, or parts of them.
            counts: Wanted bullets of each, for a checkpoint that can be told.
            length: "standard" or "brief", likewise.
        """
        prompts = [
            prompt_ids(text, self.tokenizer, self.family.asked(count, length))
            for text, count in zip(texts, counts, strict=True)
        ]
        answers: dict[int, Answer] = {}
        for batch in _batches([len(ids) for ids in prompts], self.family.longest):
            for i, answer in zip(batch, self._written([prompts[i] for i in batch]), strict=True):
                answers[i] = answer
        return [answers[i] for i in range(len(texts))]

    def tokens(self, text: str) -> int:
        """Tokens of a text."""
        return len(_ids(self.tokenizer, text))

    @cached_property
    def room(self) -> int:
        """Tokens of an article that the window holds."""
        return room(self.tokenizer, self.family.asked(MOST_DIGITS, "standard"))

    def _written(self, prompts: Sequence[list[int]]) -> Iterator[Answer]:
        import torch

        family = self.family
        pad = self.tokenizer.pad_token_id if self.tokenizer.pad_token_id is not None else self.tokenizer.eos_token_id
        longest = max(map(len, prompts))
        causal = family.kind == "causal"
        rows, masks = [], []
        for ids in prompts:
            fill = longest - len(ids)  # a causal model goes on from the end, so what fills stands before
            rows.append([pad] * fill + ids if causal else ids + [pad] * fill)
            masks.append([0] * fill + [1] * len(ids) if causal else [1] * len(ids) + [0] * fill)
        place = self.model.device
        with torch.inference_mode():
            out = self.model.generate(
                input_ids=torch.tensor(rows, device=place),
                attention_mask=torch.tensor(masks, device=place),
                generation_config=self._search(family, pad),
            )
        out = out[:, longest:] if causal else out[:, 1:]
        ends = self.model.generation_config.eos_token_id
        ends = set(ends) if isinstance(ends, list) else {ends, self.tokenizer.eos_token_id}
        for ids in out.tolist():
            cut = len(ids) >= family.longest and not ends & set(ids)
            bullets = family.bullets(self._text(ids))
            yield Answer(tuple(bullets[:-1] if cut and len(bullets) > 1 else bullets), cut)

    def _text(self, ids: Sequence[int]) -> str:
        """What stands in tokens. PEGASUS counts its `<n>` among the special ones, so it is put in by hand."""
        text: str = self.tokenizer.decode(
            [i for i in ids if i not in self.tokenizer.all_special_ids or self._is_text(i)],
            skip_special_tokens=False,
        )
        return text

    def _is_text(self, token: int) -> bool:
        return str(self.tokenizer.convert_ids_to_tokens(token)) in ("<n>", "<q>", "\n")

    def _search(self, family: Family, pad: int) -> Any:
        """The checkpoint's own way to search, but never by chance, and never stopped at transformers' 20 tokens."""
        from transformers import GenerationConfig

        own = self.model.generation_config
        cap = own.max_length if own.max_length and own.max_length > _DEFAULT_CAP else 0
        return GenerationConfig(  # type: ignore[no-untyped-call]
            max_new_tokens=max(family.longest, 0 if family.kind == "causal" else cap),
            min_length=own.min_length or 0,
            num_beams=family.beams,
            length_penalty=own.length_penalty if own.length_penalty is not None else 1.0,
            # Of a causal model the article counts as repeated too, and quoting it is the task.
            no_repeat_ngram_size=0 if family.kind == "causal" else own.no_repeat_ngram_size or 3,
            repetition_penalty=own.repetition_penalty or 1.0,
            forced_bos_token_id=own.forced_bos_token_id,
            decoder_start_token_id=own.decoder_start_token_id,
            bos_token_id=own.bos_token_id,
            eos_token_id=own.eos_token_id if own.eos_token_id is not None else self.tokenizer.eos_token_id,
            pad_token_id=pad,
            do_sample=False,
        )


def load(checkpoint: str, **kwargs: Any) -> tuple[Any, Any]:
    """A checkpoint's model and tokenizer.

    Args:
        checkpoint: A folder, or a name on the Hub.
        **kwargs: For the model's `from_pretrained`.

    Raises:
        ModelError: It cannot be read, or is of a kind that cannot write.
    """
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

    adapter = Path(checkpoint) / "adapter_config.json"
    try:
        if adapter.is_file():
            return _with_adapter(checkpoint, **kwargs)
        config = AutoConfig.from_pretrained(checkpoint)
        kind = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
        if not _can_write(config, kind):
            raise ModelError(
                f"{checkpoint} is a {(config.architectures or [config.model_type])[0]}, which cannot write a summary; "
                "give a sequence-to-sequence checkpoint (T5, BART, PEGASUS) or a causal one (Llama, Qwen, SmolLM)"
            )
        model = kind.from_pretrained(checkpoint, **kwargs)
        if config.is_encoder_decoder and model.get_output_embeddings() is not None:
            # transformers 5 says "tied" of every T5; a newer T5 has a head of its own, which would not be saved.
            tied = model.get_output_embeddings().weight is model.get_input_embeddings().weight
            model.config.tie_word_embeddings = tied
        return model, AutoTokenizer.from_pretrained(checkpoint)
    except (OSError, ValueError, ImportError) as error:
        raise ModelError(f"{checkpoint} cannot be loaded: {error}") from error


def _with_adapter(folder: str, **kwargs: Any) -> tuple[Any, Any]:
    """LoRA weights on their base, merged, so that they cost nothing when it writes."""
    from transformers import AutoTokenizer

    try:
        from peft import PeftConfig, PeftModel
    except ImportError as error:
        raise MissingExtraError(f"the adapter {folder!r}", "peft", "train") from error
    base = str(PeftConfig.from_pretrained(folder).base_model_name_or_path)
    model, _ = load(base, **kwargs)
    return PeftModel.from_pretrained(model, folder).merge_and_unload(), AutoTokenizer.from_pretrained(folder)


def _can_write(config: Any, kind: Any) -> bool:
    """Whether transformers has a model of this kind for the config, and the checkpoint was not made for another use."""
    other = ("Classification", "QuestionAnswering", "MaskedLM", "PreTraining", "EncoderModel")
    architectures = config.architectures or []
    if any(word in name for name in architectures for word in other):
        return False
    return type(config) in kind._model_mapping and not (kind.__name__.endswith("CausalLM") and _only_encodes(config))


def _only_encodes(config: Any) -> bool:
    """A BERT has a causal form in transformers, and none of its checkpoints was trained in it."""
    names = config.architectures or []
    return not any("CausalLM" in name or "LMHead" in name for name in names)


def room(tokenizer: Any, family: Family) -> int:
    """Tokens of an article that the window holds beside the prompt."""
    prompt = _ids(tokenizer, family.before) + _ids(tokenizer, family.after)
    answer = family.longest if family.kind == "causal" else tokenizer.num_special_tokens_to_add(pair=False)
    return max(1, family.window - len(prompt) - answer)


def prompt_ids(text: str, tokenizer: Any, family: Family, answer: int | None = None) -> list[int]:
    """What the model reads of a text: the article is cut so that prompt and answer fit, never the prompt.

    Args:
        text: The article.
        tokenizer: Of the model.
        family: Its family.
        answer: Tokens of the answer, where it is known; default: the most that may come.
    """
    spare = room(tokenizer, family) + (family.longest - answer if answer is not None and _causal(family) else 0)
    if _causal(family):
        return _ids(tokenizer, family.before) + _ids(tokenizer, text)[:spare] + _ids(tokenizer, family.after)
    ids: list[int] = tokenizer(family.before + text, truncation=True, max_length=family.window)["input_ids"]
    return ids


def _causal(family: Family) -> bool:
    return family.kind == "causal"


def _ids(tokenizer: Any, text: str) -> list[int]:
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids


def _batches(sizes: Sequence[int], answer: int) -> Iterator[list[int]]:
    """Places of texts of similar length, the longest first, at most `TOKENS` tokens together."""
    batch: list[int] = []
    for i in sorted(range(len(sizes)), key=lambda i: -sizes[i]):
        if batch and (len(batch) + 1) * (sizes[batch[0]] + answer) > TOKENS:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch
