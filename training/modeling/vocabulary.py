"""Makes a T5 smaller before it is fine-tuned: half of its weights are its vocabulary, most of which English news never
uses."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

import torch
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast


def with_vocabulary(model: Any, tokenizer: Any, texts: Iterable[str], size: int) -> Any:
    """Cuts the vocabulary to `size` pieces: all single characters and the pieces that the texts use most. Changes the
    model's matrices in place, and returns the new tokenizer.

    Args:
        model: A T5 from transformers.
        tokenizer: Its fast tokenizer, of the Unigram kind.
        texts: Texts that the model will read and write.
        size: Number of pieces to keep, rounded up to a multiple of 8.

    Raises:
        ValueError: The tokenizer is of another kind, or it falls back to bytes.
    """
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    counts: Counter[int] = Counter()
    for encoding in tokenizer.backend_tokenizer.encode_batch_fast(list(texts), add_special_tokens=False):
        counts.update(encoding.ids)
    used = [i for i, _ in counts.most_common()]
    if state["model"]["type"] != "Unigram" or state["model"].get("byte_fallback"):
        raise ValueError(f"only a Unigram vocabulary can be cut, not {state['model']['type']}")
    special = dict.fromkeys(
        i for i in (tokenizer.pad_token_id, tokenizer.eos_token_id, tokenizer.unk_token_id) if i is not None
    )
    order = _unigram(state, list(special), used, size)
    names = {tokenizer.convert_ids_to_tokens(i): at for at, i in enumerate(order[: len(special)])}
    state["added_tokens"] = [t | {"id": names[t["content"]]} for t in state["added_tokens"] if t["content"] in names]
    state["post_processor"] = json.loads(
        json.dumps(state["post_processor"]).replace(
            f'"ids": [{tokenizer.eos_token_id}]', f'"ids": [{names[tokenizer.eos_token]}]'
        )
    )
    rows = torch.tensor(order)
    weight = model.get_input_embeddings().weight.data[rows]
    head = model.get_output_embeddings().weight.data[rows]
    model.resize_token_embeddings(len(order))
    model.get_input_embeddings().weight.data.copy_(weight)
    model.get_output_embeddings().weight.data.copy_(head)
    model.get_input_embeddings().padding_idx = names[tokenizer.pad_token]
    for config in (model.config, model.generation_config):
        config.pad_token_id, config.eos_token_id = names[tokenizer.pad_token], names[tokenizer.eos_token]
        config.decoder_start_token_id = config.pad_token_id
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(state)),
        pad_token=tokenizer.pad_token,
        eos_token=tokenizer.eos_token,
        unk_token=tokenizer.unk_token,
    )


def _unigram(state: dict[str, Any], special: list[int], used: list[int], size: int) -> list[int]:
    """Cuts the Unigram vocabulary in `state`, and returns the old ids of the pieces kept, special ones first."""
    pieces = state["model"]["vocab"]
    characters = [i for i, (piece, _) in enumerate(pieces) if len(piece.lstrip("▁")) <= 1]
    # Unused pieces fill the vocabulary if the others are too few.
    size = min(-(-size // 8) * 8, len(pieces) // 8 * 8)
    order = list(dict.fromkeys([*special, *characters, *used, *range(len(pieces))]))[:size]
    state["model"]["vocab"] = [pieces[i] for i in order]
    state["model"]["unk_id"] = order.index(special[-1])
    return order
