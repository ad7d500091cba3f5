"""Measures what the rewriter learnt from corrections: `python benchmarks/corrections.py --corrected FILE models/base`.

Reads `training/written/corrected.jsonl.gz`, unpacked, and prints: the readers' verdicts on texts of the earlier and of
the current rewriter, on the same groups; the verdicts on the current rewriter's texts, by number of source sentences;
and, for each model folder, how often its rewriter gives a correction a higher probability than the corrected text, on
articles that its training held out and on as many others.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
from tokenizers import Tokenizer

from eval.data import rows
from summarizer.checks import VERDICTS
from summarizer.points import MAX_SOURCE_TOKENS, asked, prompt
from summarizer.reading import words
from training.data import Judged, divided, unfinished

Group = Mapping[str, Any]


def both(groups: Sequence[Group]) -> str:
    """Table of the verdicts on texts of the earlier and of the current rewriter (those with a score), in percent. If
    both wrote the same text, it has one verdict."""
    said: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for group in groups:
        for length in ("standard", "brief"):
            source_sentences = [c for c in group["candidates"] if c["length"] == length and not c.get("corrected")]
            new = [c for c in source_sentences if "score" in c]
            if new:
                said[length, "this"][new[0]["verdict"]] += 1
                earlier = [c for c in source_sentences if "score" not in c] or new  # the most probable is first
                said[length, "earlier"][earlier[0]["verdict"]] += 1
    return _table({f"{which} rewriter, {length}": said[length, which] for length, which in sorted(said, reverse=True)})


def by_sentences(groups: Sequence[Group]) -> str:
    """Table of the verdicts on the current rewriter's texts by number of source sentences, in percent."""
    said: dict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for group in groups:
        for length in ("standard", "brief"):
            source_sentences = [c for c in group["candidates"] if c["length"] == length and "score" in c]
            if source_sentences:
                said[length, min(group["sentences"], 3)][source_sentences[0]["verdict"]] += 1
    counts = ("one", "two", "three or four")
    return _table({f"{length}, from {counts[count - 1]}": said[length, count] for length, count in sorted(said)})


def _table(said: Mapping[str, Counter[str]]) -> str:
    lines = ["| | texts | " + " | ".join(VERDICTS) + " |", "| --- " * 7 + "|"]
    for name, found in said.items():
        shares = " | ".join(f"{100 * found[verdict] / found.total():.1f}" for verdict in VERDICTS)
        lines.append(f"| {name} | {found.total()} | {shares} |")
    return "\n".join(lines)


def likelier(folder: Path, groups: Sequence[Group]) -> dict[str, list[bool]]:
    """For each fault, one value per text with it: True if its correction has a higher mean log-probability a token."""
    model = ctranslate2.Translator(str(folder), device="cpu", inter_threads=1, intra_threads=0)
    tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    sources, targets, is_question = [], [], []
    for group in groups:
        read = tokenizer.encode(prompt(group["source_text"], group["context"], group.get("title"))).tokens
        for one in group["candidates"]:
            ask = tokenizer.encode(asked(len(words(one["text"]))), add_special_tokens=False).tokens
            sources.append([*read[:-1][: MAX_SOURCE_TOKENS - 1], read[-1]])
            targets.append(ask + tokenizer.encode(unfinished(one["text"]), add_special_tokens=False).tokens)
            is_question.append(len(ask))
    scored = model.score_batch(sources, targets, max_batch_size=16)
    means = iter([float(np.mean(one.log_probs[ask:])) for one, ask in zip(scored, is_question, strict=True)])
    found: dict[str, list[bool]] = defaultdict(list)
    for group in groups:
        scores = [next(means) for _ in group["candidates"]]
        for at, one in enumerate(group["candidates"][1:], 1):
            refused = group["candidates"][at - 1]
            if one.get("corrected") and not refused.get("corrected") and refused["length"] == one["length"]:
                found[refused["verdict"]].append(scores[at] > scores[at - 1])
    return found


def main() -> None:
    """Reads the corrections and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corrected", required=True, help="corrected rewrites, unpacked")
    parser.add_argument("models", nargs="+", type=Path, help="model folders")
    args = parser.parse_args()
    groups = [row.values for row in rows(args.corrected, "train")]
    print(both(groups), by_sentences(groups), sep="\n\n")
    _, *held = divided([Judged(str(g["id"]), "", "", "", None, "good") for g in groups])
    kept = {one.id for part in held for one in part}
    parts = {"held out": [g for g in groups if str(g["id"]) in kept], "learnt from": []}
    parts["learnt from"] = [g for g in groups if str(g["id"]) not in kept][: len(parts["held out"])]
    print("\n| rewriter | articles | " + " | ".join(VERDICTS[1:]) + " |\n" + "| --- " * 6 + "|")
    for model in args.models:
        for name, part in parts.items():
            found = likelier(model / "rewriter", part)
            cells = [f"{100 * np.mean(found[v]):.0f}% of {len(found[v])}" if found[v] else "" for v in VERDICTS[1:]]
            print(f"| {model.name} | {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
