"""Makes a T5 smaller before it is fine-tuned: the vocabulary that the data uses, and fewer decoder layers.

A small T5 is half vocabulary, most of which English news never uses, and its decoder, which runs once a token, is most
of the time that a rewrite takes. Dropping layers and fine-tuning what is left costs little (Shleifer and Rush 2020,
"Pre-trained Summarization Distillation").
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import PreTrainedTokenizerFast


def with_vocabulary(model: Any, tokenizer: Any, texts: Iterable[str], size: int) -> Any:
    """Keeps the `size` pieces that the texts use most, and every single character; gives the tokenizer for them. The
    model's two matrices are cut in place.

    Args:
        model: A T5 from transformers.
        tokenizer: Its fast tokenizer, of the Unigram kind.
        texts: What it will read and write.
        size: Pieces to keep; rounded up to a multiple of 8.

    Raises:
        ValueError: The tokenizer is of another kind.
    """
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    if state["model"]["type"] != "Unigram":
        raise ValueError(f"only a Unigram vocabulary can be cut, not {state['model']['type']}")
    pieces = state["model"]["vocab"]
    counts: Counter[int] = Counter()
    for encoding in tokenizer.backend_tokenizer.encode_batch_fast(list(texts), add_special_tokens=False):
        counts.update(encoding.ids)
    special = [tokenizer.pad_token_id, tokenizer.eos_token_id, tokenizer.unk_token_id]
    keep = dict.fromkeys(special)
    keep.update(dict.fromkeys(i for i, (piece, _) in enumerate(pieces) if len(piece.lstrip("▁")) <= 1))
    size = min(-(-size // 8) * 8, len(pieces) // 8 * 8)
    for i, _ in counts.most_common():
        if len(keep) >= size:
            break
        keep[i] = None
    for i in range(len(pieces)):  # texts too few to fill it
        if len(keep) >= size:
            break
        keep[i] = None
    order = list(keep)[:size]
    state["model"]["vocab"] = [pieces[i] for i in order]
    state["model"]["unk_id"] = order.index(tokenizer.unk_token_id)
    names = {pieces[i][0]: at for at, i in enumerate(order[:3])}
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
    model.config.pad_token_id = model.config.decoder_start_token_id = names[tokenizer.pad_token]
    model.config.eos_token_id = names[tokenizer.eos_token]
    generation = model.generation_config
    generation.pad_token_id = generation.decoder_start_token_id = model.config.pad_token_id
    generation.eos_token_id = model.config.eos_token_id
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(state)),
        pad_token=tokenizer.pad_token,
        eos_token=tokenizer.eos_token,
        unk_token=tokenizer.unk_token,
    )


def with_decoder_layers(model: Any, count: int) -> None:
    """Keeps `count` layers of the decoder, evenly spread, the first and the last among them; in place."""
    blocks = model.decoder.block
    if count >= len(blocks):
        return
    kept = [round(i * (len(blocks) - 1) / max(count - 1, 1)) for i in range(count)]
    model.decoder.block = nn.ModuleList(blocks[i] for i in kept)
    for i, block in enumerate(model.decoder.block):
        block.layer[0].SelfAttention.layer_idx = block.layer[1].EncDecAttention.layer_idx = i
    model.config.num_decoder_layers = model.decoder.config.num_layers = count
