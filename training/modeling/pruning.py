"""Makes a language model smaller before it is fine-tuned: only the vocabulary of the data is kept. A quarter of the
weights of a small one are its vocabulary, most of which English news never uses."""

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
        model: A causal language model from transformers.
        tokenizer: Its fast tokenizer, a byte-level BPE.
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
    if state["model"]["type"] != "BPE" or state["model"].get("byte_fallback"):
        raise ValueError(f"only a byte-level BPE vocabulary can be cut, not {state['model']['type']}")
    special = dict.fromkeys(
        i for i in (tokenizer.pad_token_id, tokenizer.eos_token_id, tokenizer.unk_token_id) if i is not None
    )
    order = _byte_pairs(state, list(special), used, size)
    names = {tokenizer.convert_ids_to_tokens(i): at for at, i in enumerate(order[: len(special)])}
    state["added_tokens"] = [t | {"id": names[t["content"]]} for t in state["added_tokens"] if t["content"] in names]
    state["post_processor"] = None  # prompts of a language model are read without special tokens
    rows = torch.tensor(order)
    weight = model.get_input_embeddings().weight.data[rows]
    head = model.get_output_embeddings().weight.data[rows]
    model.resize_token_embeddings(len(order))
    model.get_input_embeddings().weight.data.copy_(weight)
    model.get_output_embeddings().weight.data.copy_(head)
    model.get_input_embeddings().padding_idx = names[tokenizer.pad_token]
    for config in (model.config, model.generation_config):
        config.pad_token_id, config.eos_token_id = names[tokenizer.pad_token], names[tokenizer.eos_token]
        config.bos_token_id = None
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(state)),
        pad_token=tokenizer.pad_token,
        eos_token=tokenizer.eos_token,
        unk_token=tokenizer.unk_token,
    )


def _byte_pairs(state: dict[str, Any], special: list[int], used: list[int], size: int) -> list[int]:
    """Cuts the vocabulary in `state`, and returns the old ids of the pieces that are kept, special ones first. Each is
    kept with the pieces that it is merged from."""
    vocabulary: dict[str, int] = state["model"]["vocab"]
    merges = [tuple(merge.split(" ")) if isinstance(merge, str) else tuple(merge) for merge in state["model"]["merges"]]
    parts = {one + other: (one, other) for one, other in reversed(merges)}
    piece = {token["id"]: token["content"] for token in state["added_tokens"]}
    piece |= {i: text for text, i in vocabulary.items()}
    size = _rounded(size, len(vocabulary))
    order = list(dict.fromkeys([*special, *(i for text, i in vocabulary.items() if len(text) == 1)]))
    kept = set(order)
    for i in (*used, *piece):
        need, open_ = [], [i]
        while open_:
            if (one := open_.pop()) not in kept and one not in need:
                need.append(one)
                open_ += [vocabulary[part] for part in parts.get(piece.get(one, ""), ())]
        if len(order) + len(need) <= size:  # if this one does not fit, a later one may
            order += need
            kept.update(need)
        if len(order) == size:
            break
    state["model"]["vocab"] = {piece[i]: at for at, i in enumerate(order)}
    state["model"]["merges"] = [
        list(merge) for merge in merges if all(part in state["model"]["vocab"] for part in (*merge, "".join(merge)))
    ]
    return order


def _rounded(size: int, most: int) -> int:
    return min(-(-size // 8) * 8, most // 8 * 8)
