"""Measures a model's lists by kind of story: `python benchmarks/kinds.py --data headers_validation.jsonl.gz`.

The kinds (news, opinion, feature and others) are in `training/written/kinds.jsonl`. The data are header lists with
sources. "main news" is the share of the lists that have a point on a source sentence of the most important reference
point; kinds with few articles are left out.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from eval.data import Example, read, rows
from eval.evaluation import evaluate
from eval.systems import make_lists
from summarizer.reading import content_sentences

_COLUMNS = ("rouge1_f1", "rouge2_f1", "rougeLsum_f1", "source_f1", "points_found")
_FEWEST = 10
"""Minimum number of articles of a kind that is shown."""


def has_main_news(example: Example, spans: list[list[tuple[int, int]]]) -> bool:
    """True if a list has a point on a source sentence of the most important reference point."""
    first = min(example.points, key=lambda point: point.rank)
    chosen = [span for bullet in spans for span in bullet]
    return any(start < b and a < end for start, end in first.sources for a, b in chosen)


def main() -> None:
    """Summarizes the articles and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="header lists, JSONL (.gz)")
    parser.add_argument("--model", default="models/base", help="a model name or folder")
    parser.add_argument("--length", default="standard", choices=["standard", "brief"])
    parser.add_argument("--policy", default="checked", choices=["checked", "extract"])
    parser.add_argument("--kinds", type=Path, default=Path("training/written/kinds.jsonl"), help="kinds by id")
    args = parser.parse_args()
    kind_of = {row.values["id"]: row.values["kind"] for row in rows(args.kinds, "train")}
    examples = [example for example in read(args.data, length=args.length) if example.id in kind_of]
    made = make_lists(args.model, examples, "lists", "auto", args.length, args.policy)
    first = [content_sentences(e.text)[: len(e.bullets)] for e in examples]
    lists = {"model": made.lists, "LEAD-n": [[s.text for s in sentences] for sentences in first]}
    spans = {"model": made.spans, "LEAD-n": [[[(s.start, s.end)] for s in sentences] for sentences in first]}
    evaluation = evaluate(examples, lists, spans=spans)
    main_news = {name: np.array(list(map(has_main_news, examples, of))) for name, of in spans.items()}
    kinds = np.array([kind_of[example.id] for example in examples])
    print("| kind | articles | system | R1 | R2 | RLsum | sources | points found | main news, % |")
    print("| --- " * 9 + "|")
    for kind in sorted(set(kinds), key=lambda kind: -(kinds == kind).sum()):
        of_kind = kinds == kind
        if of_kind.sum() < _FEWEST:
            continue
        for system in evaluation.systems:
            found = [np.nanmean(system.columns[name][of_kind]) for name in _COLUMNS]
            found.append(100 * main_news[system.name][of_kind].mean())
            print(f"| {kind} | {of_kind.sum()} | {system.name} | {' | '.join(f'{value:.1f}' for value in found)} |")


if __name__ == "__main__":
    main()
