"""Measures which sentences a model chooses: `python benchmarks/choice.py --data headers_validation.jsonl.gz`.

Readers with the whole article called sentences of it key, possible or background, without knowing which list had
chosen them (`training/written/judged-choice.jsonl.gz`). A point counts as the best of its judged source sentences. The
judgements are pooled: they cover what several systems chose, and a point on other sentences counts as not judged.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from eval.data import read, rows
from eval.systems import make_lists
from summarizer.reading import content_sentences

_JUDGED = Path("training/written/judged-choice.jsonl.gz")
_JUDGEMENTS = ("key", "possible", "background")
Spans = list[tuple[int, int]]


def judgement_of(sources: Spans, judged: list[tuple[int, int, str]]) -> str:
    """Returns the best judgement of the sentences that a point is based on."""
    found = {what for a, b, what in judged if any(start < b and a < end for start, end in sources)}
    return next((what for what in _JUDGEMENTS if what in found), "not judged")


def main() -> None:
    """Summarizes the articles and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="the validation header lists, JSONL (.gz)")
    parser.add_argument("--model", default="models/base", help="a model name or folder")
    parser.add_argument("--length", default="standard", choices=["standard", "brief"])
    args = parser.parse_args()
    judged = {row.values["id"]: [tuple(sentence) for sentence in row.values["sentences"]] for row in rows(_JUDGED)}
    examples = [example for example in read(args.data, length=args.length) if example.id in judged]
    if not examples:
        parser.error(f"no article of {args.data} is in {_JUDGED}")
    count = 5 if args.length == "standard" else 3
    systems: dict[str, list[list[Spans]]] = {
        policy: make_lists(args.model, examples, policy, "auto", args.length, policy).spans
        for policy in ("checked", "extract")
    }
    systems[f"LEAD-{count}"] = [[[(s.start, s.end)] for s in content_sentences(e.text)[:count]] for e in examples]
    systems["header list"] = [[[point.main] for point in e.listed if point.main] for e in examples]
    print(f"| {args.length} | points | {', % | '.join((*_JUDGEMENTS, 'not judged'))}, % |")
    print("| --- " * 6 + "|")
    for name, lists in systems.items():
        found = Counter(
            judgement_of(sources, judged[example.id])
            for example, points in zip(examples, lists, strict=True)
            for sources in points
        )
        shares = [100 * found[what] / found.total() for what in (*_JUDGEMENTS, "not judged")]
        print(f"| {name} | {found.total() / len(examples):.1f} | {' | '.join(f'{share:.1f}' for share in shares)} |")


if __name__ == "__main__":
    main()
