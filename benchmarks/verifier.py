"""Measures how well the verifier separates good rewrites from others: `python benchmarks/verifier.py --judged FILES`.

Reads judged rewrites of the shipped rewriter (`training/written/`, unpacked) and prints: the readers' verdicts on the
rewrite with the highest score of the rewriter; how well verifier and rewriter separate good rewrites, alone and
together (AUC); the expected and the actual cost of faults, for rewrites and for the article's own sentences; and the
percentage of rewrites that reach each threshold, and of good ones among them. All but the first use only articles that
the verifier's training held out.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from eval.data import rows
from summarizer.checks import VERDICTS, Verdict, Verifier
from summarizer.points import COSTS, cost
from training.data import Judged, divided, judged
from training.verifier import auc

_COSTS = (0, 0.2, 0.4, 0.6, 0.8, 1, 1.3, 1.6, 3)
_THRESHOLDS = (0.0, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 0.9)


def surest(sources: Sequence[str]) -> str:
    """Table of the readers' verdicts on the best-scored candidate of each point, in percent."""
    points: dict[tuple[str, str, str, bool], list[dict[str, Any]]] = defaultdict(list)
    for row in (row for source in sources for row in rows(source, "train")):
        for point in row.values["points"]:
            for one in point.get("judged", ()):
                points[str(row.values["id"]), str(point["sources"]), one["length"], "score" in one].append(one)
    lines = ["| | points | " + " | ".join(VERDICTS) + " | any good |", "| --- " * 8 + "|"]
    for length in ("standard", "brief"):
        own = [found for key, found in points.items() if key[2:] == (length, True)]
        said = Counter(max(found, key=lambda one: one["score"])["verdict"] for found in own)
        any_good = sum(any(one["verdict"] == "good" for one in found) for found in own)
        shares = [f"{100 * count / len(own):.1f}" for count in (*(said[v] for v in VERDICTS), any_good)]
        lines.append(f"| {length} | {len(own)} | {' | '.join(shares)} |")
    return "\n".join(lines)


def told_apart(name: str, points: Sequence[Judged], scores: np.ndarray[Any, Any]) -> str:
    """Row of a table of AUCs: how well scores separate good points from all others, and from each fault."""
    wanted = np.array([one.verdict == "good" for one in points])
    faults = []
    for fault in VERDICTS[1:]:
        both = np.array([one.verdict in ("good", fault) for one in points])
        faults.append(f"{auc(scores[both], wanted[both]):.2f}")
    share = 100 * wanted.mean() if len(wanted) else 0.0
    return f"| {name} | {len(points)} | {share:.0f} | {auc(scores, wanted):.3f} | {' | '.join(faults)} |"


def by_cost(kind: str, points: Sequence[Judged], verdicts: Sequence[Verdict]) -> str:
    """Table of the expected cost of points (`summarizer.points.cost`), and their cost by the readers' verdicts."""
    expected = np.array([cost(verdict) for verdict in verdicts])
    lines = [f"| expected cost | {kind} | {' | '.join(f'{v}, %' for v in VERDICTS)} | their cost |", "| --- " * 8 + "|"]
    for low, high in pairwise(_COSTS):
        said = [points[i].verdict for i in np.flatnonzero((low <= expected) & (expected < high))]
        if said:
            shares = " | ".join(f"{100 * said.count(verdict) / len(said):.0f}" for verdict in VERDICTS)
            mean = np.mean([0.0 if verdict == "good" else COSTS[verdict] for verdict in said])
            lines.append(f"| {low} to {high} | {len(said)} | {shares} | {mean:.2f} |")
    return "\n".join(lines)


def main() -> None:
    """Reads the judged rewrites and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--judged", required=True, help="judged rewrites, unpacked; separate several files by commas")
    parser.add_argument("--model", type=Path, default=Path("models/base"), help="a model folder")
    args = parser.parse_args()
    sources = args.judged.split(",")
    print(surest(sources))

    found = [one for source in sources for one in judged(source, corrections=False)]
    _, chose, kept = divided([one for one in found if one.score is not None])
    verifier = Verifier(args.model / "verifier", 2)

    def verdicts(points: Sequence[Judged], score: Callable[[Judged], float]) -> list[Verdict]:
        waiting = [verifier.start([p.text], p.kind, p.sources, p.context, p.title, [score(p)]) for p in points]
        return [wait.result()[0] for wait in waiting]

    def good(points: Sequence[Judged], score: Callable[[Judged], float]) -> np.ndarray[Any, Any]:
        return np.array([verdict.good for verdict in verdicts(points, score)])

    usual = float(np.mean([one.score for one in kept]))
    _, *own = divided([one for one in found if one.sentence])
    others = divided([one for one in found if one.kind == "others"])[2]
    print(f"\n| kept for these figures | points | good, % | AUC | {' | '.join(VERDICTS[1:])} |\n{'| --- ' * 8}|")
    for name, points, score in (
        ("the rewriter's, by verifier and rewriter", kept, lambda one: one.score or 0.0),
        ("by the verifier", kept, lambda one: usual),
        ("the article's own sentences", own[1], lambda one: 0.0),
        ("other writers'", others, lambda one: 0.0),
    ):
        print(told_apart(name, points, good(points, score)))
    print(told_apart("the rewriter's, by its own score", kept, np.array([one.score for one in kept])) + "\n")

    both = [*chose, *kept]
    said = verdicts(both, lambda one: one.score or 0.0)
    sentences = [one for part in own for one in part]
    for kind, points, of in (("rewrites", both, said), ("sentences", sentences, verdicts(sentences, lambda one: 0.0))):
        if points:
            print(f"{by_cost(kind, points, of)}\n")
    verifier.close()
    print("| threshold | reach it, % | good, % | untrue, % | broken, % |\n| --- | --- | --- | --- | --- |")
    for threshold in _THRESHOLDS:
        reach = [one.verdict for one, verdict in zip(both, said, strict=True) if verdict.good >= threshold]
        shares = " | ".join(f"{100 * reach.count(v) / max(len(reach), 1):.0f}" for v in ("good", "untrue", "broken"))
        print(f"| {threshold} | {100 * len(reach) / len(both):.0f} | {shares} |")


if __name__ == "__main__":
    main()
