"""Measures how well the verifier separates good rewrites from others: `python benchmarks/verifier.py --judged FILES`.

Reads judged rewrites of the shipped rewriter (`training/written/`, unpacked) and prints how well verifier and rewriter
separate good rewrites, alone and together (AUC); and the percentage of rewrites that reach each threshold, and of good
ones among them. Uses only articles that the verifier's training held out.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from summarizer.checks import VERDICTS, Verdict, Verifier
from training.data import Judged, divided, judged
from training.verifier import auc

_THRESHOLDS = (0.0, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 0.9)


def told_apart(name: str, points: Sequence[Judged], scores: np.ndarray[Any, Any]) -> str:
    """Row of a table of AUCs: how well scores separate good points from all others, and from each fault."""
    wanted = np.array([one.verdict == "good" for one in points])
    faults = []
    for fault in VERDICTS[1:]:
        both = np.array([one.verdict in ("good", fault) for one in points])
        faults.append(f"{auc(scores[both], wanted[both]):.2f}")
    share = 100 * wanted.mean() if len(wanted) else 0.0
    return f"| {name} | {len(points)} | {share:.0f} | {auc(scores, wanted):.3f} | {' | '.join(faults)} |"


def main() -> None:
    """Reads the judged rewrites and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--judged", required=True, help="judged rewrites, unpacked; separate several files by commas")
    parser.add_argument("--model", type=Path, default=Path("models/base"), help="a model folder")
    args = parser.parse_args()
    sources = args.judged.split(",")
    found = [one for source in sources for one in judged(source, corrections=False)]
    _, chose, kept = divided([one for one in found if one.score is not None])
    verifier = Verifier(args.model / "verifier", 2)

    def verdicts(points: Sequence[Judged], score: Callable[[Judged], float]) -> list[Verdict]:
        waiting = [verifier.start([p.text], p.kind, p.sources, p.context, p.title, [score(p)]) for p in points]
        return [wait.result()[0] for wait in waiting]

    def good(points: Sequence[Judged], score: Callable[[Judged], float]) -> np.ndarray[Any, Any]:
        return np.array([verdict.good for verdict in verdicts(points, score)])

    usual = float(np.mean([one.score for one in kept]))
    own = divided([one for one in found if one.sentence])[2]
    others = divided([one for one in found if one.kind == "others"])[2]
    print(f"\n| kept for these figures | points | good, % | AUC | {' | '.join(VERDICTS[1:])} |\n{'| --- ' * 8}|")
    for name, points, score in (
        ("the rewriter's, by verifier and rewriter", kept, lambda one: one.score or 0.0),
        ("by the verifier", kept, lambda one: usual),
        ("the article's own sentences", own, lambda one: 0.0),
        ("other writers'", others, lambda one: 0.0),
    ):
        print(told_apart(name, points, good(points, score)))
    print(told_apart("the rewriter's, by its own score", kept, np.array([one.score for one in kept])) + "\n")

    both = [*chose, *kept]
    said = verdicts(both, lambda one: one.score or 0.0)
    verifier.close()
    print("| threshold | reach it, % | good, % | untrue, % | broken, % |\n| --- | --- | --- | --- | --- |")
    for threshold in _THRESHOLDS:
        reach = [one.verdict for one, verdict in zip(both, said, strict=True) if verdict.good >= threshold]
        shares = " | ".join(f"{100 * reach.count(v) / max(len(reach), 1):.0f}" for v in ("good", "untrue", "broken"))
        print(f"| {threshold} | {100 * len(reach) / len(both):.0f} | {shares} |")


if __name__ == "__main__":
    main()
