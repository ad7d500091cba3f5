"""Turns articles with points that stand alone into batches of the pointer writer."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor

from summarizer.checks import VERDICTS
from summarizer.points import MAX_TEXT_TOKENS, SENTENCE_CHARACTERS, TEXT_LENGTHS, story

from ..data import KINDS, StandaloneArticle, copies, places_of
from .generation_loss import IGNORED


def pointer_item(article: StandaloneArticle, tokenizer: Tokenizer) -> dict[str, Any]:
    """Returns an article as an item of `PointerCollator`. Texts of `MAX_TEXT_TOKENS` tokens or more are left out, and
    points whose sentence the writer would not take.

    Returns:
        "input_ids", without special tokens; "sentences", the sentence of each token; and "texts", each with its
        "sentence", "length", token "ids", their "pieces" as they are written ("##" before a part of a word), the places
        that each "copies", and "answers", the indices of its verdict and kind.
    """
    read = story(tokenizer, article.sentences, [point.sentence for point in article.points], article.title)
    places, there = places_of(read), set(read.sentences.tolist())
    texts = []
    for point in article.points:
        answers = [
            known.index(given) if given else IGNORED
            for given, known in ((point.verdict, VERDICTS), (point.kind, KINDS))
        ]
        for length, text in point.texts.items():
            encoded = tokenizer.encode(text, add_special_tokens=False)
            ids, whole = encoded.ids, len(article.sentences[point.sentence].text) <= SENTENCE_CHARACTERS
            if whole and point.sentence in there and 0 < len(ids) < MAX_TEXT_TOKENS:
                texts.append(
                    {
                        "sentence": point.sentence,
                        "length": TEXT_LENGTHS.index(length),
                        "ids": ids,
                        "pieces": [
                            "##" * token.startswith("##") + text[start:end]
                            for token, (start, end) in zip(encoded.tokens, encoded.offsets, strict=True)
                        ],
                        "copies": copies(read, point.sentence, ids, places),
                        "answers": answers,
                    }
                )
    return {"input_ids": list(read.ids), "sentences": read.sentences, "texts": texts}


def new_tokens(items: Iterable[dict[str, Any]], size: int, special: Sequence[int] = ()) -> dict[int, str]:
    """Returns the tokens that texts have and their stories lack, the most frequent first, at most `size`, without the
    special ones. Each has the piece that it most often stands for: an uncased token does not tell "us" from "US"."""
    pieces: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for item in items:
        for text in item["texts"]:
            for token, piece, copied in zip(text["ids"], text["pieces"], text["copies"], strict=True):
                if not copied and token not in special:
                    pieces[token][piece] += 1
    order = sorted(pieces, key=lambda token: -pieces[token].total())
    return {token: pieces[token].most_common(1)[0][0] for token in order[:size]}


@dataclass(frozen=True)
class PointerCollator:
    """Turns items into the arguments of `PointerWriter`.

    A token that is neither in the story nor in the vocabulary is not learnt; the text goes on behind it as after the
    first token of the vocabulary.

    Attributes:
        first: Id of the special token at the start of a text.
        last: Id of the special token at its end.
        vocabulary: Ids of the tokens that may be written without being copied.
    """

    first: int
    last: int
    vocabulary: Sequence[int]

    def __call__(self, items: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
        """Returns tensors; see `PointerWriter.forward`."""
        known = {token: i for i, token in enumerate(self.vocabulary)}
        width = -(-(max(len(item["input_ids"]) for item in items) + 2) // 8) * 8
        ids, mask, types = (torch.zeros(len(items), width, dtype=torch.long) for _ in range(3))
        rows: list[dict[str, Any]] = []
        for i, item in enumerate(items):
            size = len(item["input_ids"])
            ids[i, : size + 2] = torch.tensor([self.first, *item["input_ids"], self.last])
            mask[i, : size + 2] = 1
            sentences = torch.full((width,), -2)
            sentences[1 : size + 1] = torch.as_tensor(item["sentences"])
            for text in item["texts"]:
                own = sentences == text["sentence"]
                types[i] |= own.long()
                rows.append(self._steps(text, own, known, width) | {"owner": i, "own": own})
        steps = max(len(row["place"]) for row in rows)

        def padded(name: str, value: int) -> Tensor:
            return torch.tensor([row[name] + [value] * (steps - len(row[name])) for row in rows])

        return {
            "input_ids": ids,
            "attention_mask": mask,
            "token_type_ids": types,
            "owner": torch.tensor([row["owner"] for row in rows]),
            "own": torch.stack([row["own"] for row in rows]),
            "length": torch.tensor([row["length"] for row in rows]),
            "place": padded("place", -1),
            "token": padded("token", 0),
            "far": padded("far", -1),
            "labels": torch.tensor([[i, *wanted] for i, row in enumerate(rows) for wanted in row["labels"]]),
            "answers": torch.tensor([row["answers"] for row in rows]),
        }

    def _steps(self, text: dict[str, Any], own: Tensor, known: dict[int, int], width: int) -> dict[str, Any]:
        place, token, far = [-1], [0], [-1]
        labels: list[list[int]] = []
        for step, (written, copied) in enumerate(zip(text["ids"], text["copies"], strict=True)):
            there = [at + 1 for at in copied]  # behind the special token
            if place[-1] + 1 in there:
                there = [place[-1] + 1]
            if there:
                labels += [[step, at] for at in there]
            elif written in known:
                labels.append([step, width + known[written]])
            place.append(there[0] if there else -1)
            token.append(0 if there else known.get(written, 0))
            far.append(max(far[-1], place[-1]) if there and own[there[0]] else far[-1])
        labels.append([len(text["ids"]), width + len(known)])
        return {"place": place, "token": token, "far": far, "labels": labels} | {
            name: text[name] for name in ("length", "answers")
        }
