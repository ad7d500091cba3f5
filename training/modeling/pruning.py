"""Makes a T5 or a Llama smaller before it is fine-tuned: only the vocabulary of the data, and fewer decoder layers.

Half of the weights of a small T5 are its vocabulary, most of which English news never uses. Its decoder runs once per
token and takes most of the time of a rewrite. Dropping layers and fine-tuning the rest costs little quality (Shleifer
and Rush 2020, "Pre-trained Summarization Distillation"); some layers of a deep language model hardly matter (Men et al.
2024, "ShortGPT").
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast


def with_vocabulary(model: Any, tokenizer: Any, texts: Iterable[str], size: int) -> Any:
    """Cuts the vocabulary to `size` pieces: all single characters and the pieces that the texts use most. Changes the
    model's matrices in place, and returns the new tokenizer.

    Args:
        model: A T5 or a Llama from transformers.
        tokenizer: Its fast tokenizer, of the Unigram or the BPE kind.
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
    cut = {"Unigram": _unigram, "BPE": _byte_pairs}.get(state["model"]["type"])
    if not cut or state["model"].get("byte_fallback"):
        raise ValueError(f"only a Unigram or a byte-level BPE vocabulary can be cut, not {state['model']['type']}")
    special = dict.fromkeys(
        i for i in (tokenizer.pad_token_id, tokenizer.eos_token_id, tokenizer.unk_token_id) if i is not None
    )
    order = cut(state, list(special), used, size)
    names = {tokenizer.convert_ids_to_tokens(i): at for at, i in enumerate(order[: len(special)])}
    state["added_tokens"] = [t | {"id": names[t["content"]]} for t in state["added_tokens"] if t["content"] in names]
    if state["model"]["type"] == "BPE":
        state["post_processor"] = None  # prompts of a language model are read without special tokens
    else:
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
        if model.config.is_encoder_decoder:
            config.decoder_start_token_id = config.pad_token_id
        else:
            config.bos_token_id = None
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
    order = list(dict.fromkeys([*special, *characters, *used, *range(len(pieces))]))[: _rounded(size, len(pieces))]
    state["model"]["vocab"] = [pieces[i] for i in order]
    state["model"]["unk_id"] = order.index(special[-1])
    return order


def _byte_pairs(state: dict[str, Any], special: list[int], used: list[int], size: int) -> list[int]:
    """Same as `_unigram` for a BPE vocabulary: each piece is kept with the pieces that it is merged from."""
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


def least_missed(model: Any, batch: Mapping[str, Tensor], count: int) -> list[int]:
    """Returns the indices of `count` layers of a Llama to keep. Removes layers one by one: each time the one without
    which the loss of a batch rises least. The first and the last layer stay.

    Args:
        model: A `CausalWriter`.
        batch: A batch from its collator, `Continued`.
        count: Number of layers to keep.
    """
    layers, kept = model.model.layers, list(range(len(model.model.layers)))
    labels = batch["labels"]

    def loss(of: Sequence[int]) -> float:
        _use(model, [layers[i] for i in of])
        with torch.no_grad():
            logits = model(**batch)["logits"].float()
        return float(nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten()))

    while len(kept) > max(count, 2):
        without = {i: loss([j for j in kept if j != i]) for i in kept[1:-1]}
        kept.remove(min(without, key=without.__getitem__))
    _use(model, layers)
    return kept


def with_layers(model: Any, kept: Sequence[int]) -> None:
    """Keeps only the given layers of a Llama; changes the model in place."""
    _use(model, [model.model.layers[i] for i in kept])


def _use(model: Any, layers: Iterable[nn.Module]) -> None:
    model.model.layers = nn.ModuleList(layers)
    for i, layer in enumerate(model.model.layers):
        layer.self_attn.layer_idx = i
    model.config.num_hidden_layers = len(model.model.layers)


def with_decoder_layers(model: Any, count: int) -> None:
    """Keeps `count` layers of the decoder, evenly spread from the first to the last; changes the model in place."""
    blocks = model.decoder.block
    if count >= len(blocks):
        return
    kept = [round(i * (len(blocks) - 1) / max(count - 1, 1)) for i in range(count)]
    model.decoder.block = nn.ModuleList(blocks[i] for i in kept)
    for i, block in enumerate(model.decoder.block):
        block.layer[0].SelfAttention.layer_idx = block.layer[1].EncDecAttention.layer_idx = i
    model.config.num_decoder_layers = model.decoder.config.num_layers = count
