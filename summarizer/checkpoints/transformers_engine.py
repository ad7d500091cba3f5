"""Runs a checkpoint of transformers. The only module of the library that uses torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from tokenizers import Tokenizer

from ..errors import MissingExtraError, ModelError
from .generator import Generator
from .prompts import GenerationSettings, settings_of

_NOT_WRITING = ("Classification", "QuestionAnswering", "MaskedLM", "EncoderModel")
"""Parts of the names of architectures that cannot generate text."""


class TransformersEngine:
    """A sequence-to-sequence or causal model of transformers; implements `Engine`.

    Args:
        model: The model.
        tokenizer: Its fast tokenizer, from transformers.
    """

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.model, self._tokenizer = model, tokenizer

    @property
    def tokenizer(self) -> Tokenizer:
        """The underlying tokenizer, of the library `tokenizers`."""
        backend: Tokenizer = self._tokenizer.backend_tokenizer
        return backend

    def write(self, prompts: Sequence[list[int]], settings: GenerationSettings) -> list[list[int]]:
        """Generates the tokens that follow each prompt, with the same search as in `ctranslate2_engine.py`."""
        import torch
        from transformers import GenerationConfig

        pad = pad_of(self._tokenizer)
        longest = max(map(len, prompts))
        causal = settings.kind == "causal"
        rows, masks = [], []
        for ids in prompts:
            fill = longest - len(ids)  # a causal model continues from the end, so it is padded on the left
            rows.append([pad] * fill + ids if causal else ids + [pad] * fill)
            masks.append([0] * fill + [1] * len(ids) if causal else [1] * len(ids) + [0] * fill)
        own, place = self.model.generation_config, self.model.device
        search = GenerationConfig(  # type: ignore[no-untyped-call]
            max_new_tokens=settings.max_new_tokens,
            num_beams=settings.beams,
            length_penalty=settings.length_penalty,
            no_repeat_ngram_size=settings.no_repeat_ngram_size,
            # Options that are not set here would come from the checkpoint's generation config.
            **{
                "min_new_tokens" if causal else "min_length": settings.min_new_tokens
            },  # a causal model's min_length would include the prompt
            repetition_penalty=1.0,
            early_stopping=False,
            forced_bos_token_id=own.forced_bos_token_id,
            decoder_start_token_id=own.decoder_start_token_id,
            bos_token_id=own.bos_token_id,
            eos_token_id=[self._tokenizer.convert_tokens_to_ids(end) for end in settings.ends],
            pad_token_id=pad,
            do_sample=False,
        )
        with torch.inference_mode():
            out = self.model.generate(
                input_ids=torch.tensor(rows, device=place),
                attention_mask=torch.tensor(masks, device=place),
                generation_config=search,
            )
        written: list[list[int]] = (out[:, longest:] if causal else out[:, 1:]).tolist()
        # Without a padding token, rows are padded with the end token.
        return [_until_padding(ids, pad) for ids in written]

    def save(self, folder: Path) -> None:
        """Writes the model as safetensors, and its tokenizer."""
        self.model.save_pretrained(folder)
        self._tokenizer.save_pretrained(folder)


def generator_of(
    checkpoint: str, device: str | None = None, threads: int | None = None, **hub: str | None
) -> Generator:
    """Loads a generator from a checkpoint: a folder, or a name on the Hub, which is downloaded if it is not cached.

    Args:
        checkpoint: The folder or name. An adapter of peft is merged into its base model.
        device: "cpu", "cuda" or another torch device. Default: a GPU if there is one.
        threads: Number of cores that torch uses in this process. Default: unchanged.
        **hub: "revision" and "token" for a name on the Hub.

    Raises:
        MissingExtraError: torch or transformers is not installed.
        ModelError: The checkpoint cannot be read, or cannot generate text.
    """
    try:
        import torch
        import transformers  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(f"the checkpoint {checkpoint!r}", "torch and transformers", "torch") from error
    if threads:
        torch.set_num_threads(threads)
    place = device or ("cuda" if torch.cuda.is_available() else "cpu")
    # On a CPU, half precision is many times slower than single precision.
    model, tokenizer = load(checkpoint, torch.float32 if place == "cpu" else "auto", **hub)
    settings = settings_of(model, tokenizer, Path(checkpoint) if Path(checkpoint).is_dir() else None)
    return Generator(TransformersEngine(model.to(place).eval(), tokenizer), settings)


def load(checkpoint: str, dtype: Any = None, **hub: str | None) -> tuple[Any, Any]:
    """Loads a checkpoint's model and tokenizer.

    Args:
        checkpoint: A folder, or a name on the Hub.
        dtype: Data type of the weights. Default: transformers chooses it.
        **hub: "revision" and "token" for a name on the Hub.

    Raises:
        MissingExtraError: The checkpoint is an adapter, and peft is not installed.
        ModelError: The checkpoint cannot be read, or cannot generate text.
    """
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

    try:
        if (Path(checkpoint) / "adapter_config.json").is_file():
            return _with_adapter(checkpoint, dtype)
        given = {name: value for name, value in hub.items() if value}
        config = AutoConfig.from_pretrained(checkpoint, **given)
        kind = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
        if type(config) not in kind._model_mapping or not _writes(config):
            raise ModelError(
                f"{checkpoint} is a {(config.architectures or [config.model_type])[0]}, which cannot write a summary; "
                "use a sequence-to-sequence checkpoint (T5, BART, PEGASUS) or a causal one (Llama, Qwen, SmolLM)"
            )
        model = kind.from_pretrained(checkpoint, **given, **({} if dtype is None else {"dtype": dtype}))
        if config.is_encoder_decoder and model.get_output_embeddings() is not None:
            # transformers 5 marks every T5 as tied; a newer T5 has a separate output head, which would not be saved.
            tied = model.get_output_embeddings().weight is model.get_input_embeddings().weight
            model.config.tie_word_embeddings = tied
        return model, AutoTokenizer.from_pretrained(checkpoint, **given)
    except (OSError, ValueError, ImportError, SafetensorError) as error:
        raise ModelError(f"{checkpoint} cannot be loaded: {error}") from error


def pad_of(tokenizer: Any) -> int:
    """Id of the token that pads a batch: the padding token, or else the end token."""
    return int(tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id)


def _with_adapter(folder: str, dtype: Any) -> tuple[Any, Any]:
    """Loads LoRA weights and merges them into their base model, so that they cost no time in generation."""
    from transformers import AutoTokenizer

    try:
        from peft import PeftConfig, PeftModel
    except ImportError as error:
        raise MissingExtraError(f"the adapter {folder!r}", "peft", "train") from error
    base = str(PeftConfig.from_pretrained(folder).base_model_name_or_path)
    model, _ = load(base, dtype)
    return PeftModel.from_pretrained(model, folder).merge_and_unload(), AutoTokenizer.from_pretrained(folder)


def _writes(config: Any) -> bool:
    """Whether a checkpoint was trained to generate text. transformers has a causal form of BERT, but no BERT checkpoint
    was trained in it."""
    names = config.architectures or []
    if any(word in name for name in names for word in _NOT_WRITING):
        return False
    return bool(config.is_encoder_decoder) or any("CausalLM" in name or "LMHead" in name for name in names)


def _until_padding(ids: list[int], pad: int) -> list[int]:
    at = len(ids)
    while at and ids[at - 1] == pad:
        at -= 1
    return ids[: at + 1]
