"""Prompts for Hugging Face checkpoints, and the parsing of their answers: what differs between T5, BART, PEGASUS and
chat models. Training and the library share this module. It does not use torch."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from ..models import SETTINGS
from ..points import finished
from ..reading import paragraphs, split
from ..summary import Length

PROMPT = "Summarize this news article as {count} key points, one a line, most important first, {size} words each."
WORDS_PER_BULLET: dict[Length, str] = {"brief": "10 to 18", "standard": "20 to 35"}
DEFAULT_WINDOW = 1024
"""Window of a T5, in tokens, since it has no limit of its own. Other checkpoints read at most four times as many."""
_SEPARATORS = ("\n", " <n> ", " | ", " ; ")
_NEWLINE = re.compile(r"\s*(?:<n>|<q>|\n)\s*")
_SPECIAL = re.compile(r"</?s>|<pad>|<unk>|<\|[^|<>]*\|>|<extra_id_\d+>|▁")
_MARKER = re.compile(r"^\s*(?:[-*•·–—]\s+|\(?\d{1,2}[.)]\s+|[*#]+\s*)")
_LOOSE = re.compile(r"\s+([.,;:!?%)\]’](?:\s|$)|n't\b|'s\b)")
_QUOTES = re.compile(r"``\s*(.*?)\s*''")
_SAYS_NOTHING = re.compile(
    r"^(?:sure|certainly|of course|here (?:are|is)|key points|summary)\b(?:.*:|[!,]?)$", re.IGNORECASE
)

_EARLIER = {"longest": "max_new_tokens", "least": "min_new_tokens", "no_repeat": "no_repeat_ngram_size"}
"""Names of settings in folders of versions before 0.9, with their present names."""

ModelKind = Literal["seq2seq", "causal"]


@dataclass(frozen=True, slots=True)
class GenerationSettings:
    """Settings of a checkpoint: its prompt, window and search.

    Attributes:
        kind: "seq2seq" (an encoder reads, a decoder writes) or "causal" (one decoder continues the prompt).
        before: Text of the prompt before the article.
        after: Text of the prompt between the article and the answer; causal models only.
        separator: Text between two bullets of an answer; "" if the checkpoint was not fine-tuned on lists of bullets:
            its answer is then split at lines, or into sentences if it has one line only.
        window: Maximum tokens of prompt and article together; for a causal model, of the answer too.
        max_new_tokens: Maximum tokens of an answer.
        min_new_tokens: Minimum tokens of an answer.
        beams: Number of beams; 1 is greedy search. Nothing is sampled.
        length_penalty: Exponent of the length by which a beam's log-probability is divided.
        no_repeat_ngram_size: Number of tokens of an n-gram that may not occur twice; 0: no such rule.
        ends: The tokens that end an answer.
        name: Name of the model, if it has one.
    """

    kind: ModelKind
    before: str = ""
    after: str = ""
    separator: str = ""
    window: int = DEFAULT_WINDOW
    max_new_tokens: int = 192
    min_new_tokens: int = 0
    beams: int = 1
    length_penalty: float = 1.0
    no_repeat_ngram_size: int = 0
    ends: tuple[str, ...] = ()
    name: str = ""

    def asked(self, count: int, length: Length) -> GenerationSettings:
        """Returns the settings with the wanted number and length of bullets filled into the prompt's placeholders."""

        def filled(text: str) -> str:
            return text.replace("{count}", str(count)).replace("{size}", WORDS_PER_BULLET[length])

        return replace(self, before=filled(self.before), after=filled(self.after))

    def joined(self, bullets: Sequence[str]) -> str:
        """Returns a list as the checkpoint should write it."""
        return self.separator.join(bullets)

    def bullets(self, answer: str) -> list[str]:
        """Returns the bullets of an answer without duplicates, each on one line, with a capital at its start and a full
        stop at its end. List markers, list numbers and special tokens are removed."""
        answer = _SPECIAL.sub(" ", answer)
        mark = self.separator.strip()
        parts = answer.split(mark) if mark else [answer]
        parts = [line for part in parts for line in _NEWLINE.split(part)]
        if not self.separator and sum(bool(part.strip()) for part in parts) == 1:
            parts = _sentences(" ".join(parts))
        found: list[str] = []
        for part in parts:
            text = " ".join(_MARKER.sub("", part.strip()).replace("**", "").split())
            text = finished(_QUOTES.sub(r'"\1"', _LOOSE.sub(r"\1", text)))
            if any(c.isalnum() for c in text) and text not in found and not _SAYS_NOTHING.match(text.rstrip(".")):
                found.append(text)
        return found

    def save(self, folder: Path) -> None:
        """Writes the settings to the folder of the weights."""
        (folder / SETTINGS).write_text(json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n", "utf-8")


def settings_in(folder: Path) -> GenerationSettings | None:
    """Returns the settings stored in the folder of a checkpoint that this project fine-tuned; None if there are none.

    Raises:
        ValueError: The settings were written by an incompatible version of this package.
    """
    path = folder / SETTINGS
    if not path.is_file():
        return None
    stored = {_EARLIER.get(name, name): value for name, value in json.loads(path.read_text("utf-8")).items()}
    unknown = set(stored) - {field.name for field in fields(GenerationSettings)}
    if unknown:
        raise ValueError(f"{path}: this version does not know the settings {', '.join(sorted(unknown))}")
    return GenerationSettings(**(stored | {"ends": tuple(stored.get("ends", ()))}))


def settings_of(model: Any, tokenizer: Any, folder: Path | None = None) -> GenerationSettings:
    """Returns the settings of a checkpoint: those stored in its folder, if this project fine-tuned it; else those for
    its kind, with the search settings of its own generation config.

    Args:
        model: The model, from transformers.
        tokenizer: Its tokenizer.
        folder: The checkpoint's folder, if it is not a name on the Hub.

    Raises:
        ValueError: The settings were written by an incompatible version of this package.
    """
    told = settings_in(folder) if folder else None
    if told:
        return told
    own, config = model.generation_config, model.config
    ends = own.eos_token_id if isinstance(own.eos_token_id, list) else [own.eos_token_id]
    named = [str(tokenizer.convert_ids_to_tokens(i)) for i in ends if i is not None]
    settings = GenerationSettings(
        "seq2seq" if config.is_encoder_decoder else "causal",
        window=_window(config, tokenizer),
        min_new_tokens=own.min_length or 0,
        length_penalty=own.length_penalty if own.length_penalty is not None else 1.0,
        ends=tuple(named or [str(tokenizer.eos_token)]),
    )
    if settings.kind == "seq2seq":
        # For a checkpoint without a limit, transformers stops at 20 tokens, which is too short for any list.
        max_new_tokens = max(own.max_length or 0, settings.max_new_tokens)
        before = "summarize: " if "t5" in config.model_type else ""
        return replace(
            settings,
            before=before,
            max_new_tokens=max_new_tokens,
            beams=4,
            no_repeat_ngram_size=own.no_repeat_ngram_size or 3,
        )
    # No n-gram rule for a causal model: the article is part of its text, so quoting it would count as repeating.
    if getattr(tokenizer, "chat_template", None):
        before, after = _chat(tokenizer)
        return replace(settings, before=before, after=after)
    return replace(settings, after="\n\nKey points of this article:\n- ")


def for_training(
    settings: GenerationSettings, tokenizer: Any, window: int | None, max_new_tokens: int, beams: int
) -> GenerationSettings:
    """Returns the settings to fine-tune a checkpoint: with a separator that survives its tokenizer, and without a
    number of bullets in the prompt, since the model learns it from the data."""
    separator = next((mark for mark in _SEPARATORS if _survives(mark, tokenizer)), _SEPARATORS[-1])
    plain = PROMPT.format(count="its", size="a few")
    return replace(
        settings,
        before=settings.before.replace(PROMPT, plain),
        after=settings.after.replace(PROMPT, plain),
        separator=separator,
        window=window or settings.window,
        max_new_tokens=max_new_tokens,
        min_new_tokens=0,
        beams=beams,
        length_penalty=1.0,
        ends=(str(tokenizer.eos_token),),
    )


def _survives(mark: str, tokenizer: Any) -> bool:
    ids = tokenizer(f"a{mark}b", add_special_tokens=False)["input_ids"]
    return str(tokenizer.decode(ids, skip_special_tokens=True)) == f"a{mark}b"


def _chat(tokenizer: Any) -> tuple[str, str]:
    """The text of a chat model's prompt before and after the article."""
    place = "(article)"
    text: str = tokenizer.apply_chat_template(
        [{"role": "user", "content": f"{PROMPT}\n\n{place}"}], tokenize=False, add_generation_prompt=True
    )
    before, _, after = text.partition(place)
    return before, after


def _window(config: Any, tokenizer: Any) -> int:
    said = [getattr(config, name, None) for name in ("max_position_embeddings", "max_encoder_position_embeddings")]
    limits = [n for n in (*said, tokenizer.model_max_length) if isinstance(n, int) and 0 < n < 1_000_000]
    if "t5" in config.model_type:
        return DEFAULT_WINDOW
    # A longer window costs too much time for a news article.
    return min([*limits, 4 * DEFAULT_WINDOW])


def _sentences(text: str) -> list[str]:
    return [text[a:b] for start, end in paragraphs(text) for a, b in split(text, start, end)]
