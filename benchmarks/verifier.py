"""Measures how well the verifier separates good rewrites from others: `python benchmarks/verifier.py --judged FILES`.

Reads judged rewrites of the shipped rewriter (`training/written/`, unpacked) and prints how well verifier and rewriter
separate good rewrites, alone and together (AUC); and the percentage of rewrites that reach each threshold, and of good
ones among them. Uses only articles that neither the verifier's training nor the fit of its probabilities used.
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
    wanted = np.array([point.verdict == "good" for point in points])
    faults = []
    for fault in VERDICTS[1:]:
        both = np.array([point.verdict in ("good", fault) for point in points])
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
    found = divided([point for source in sources for point in judged(source, corrections=False)])[2]
    own = [point for point in found if point.kind == "rewrites"]
    usual = float(np.mean([point.score for point in own]))
    verifier = Verifier(args.model / "verifier", 2)

    def verdicts(points: Sequence[Judged], score: Callable[[Judged], float]) -> list[Verdict]:
        waiting = [verifier.start([p.text], p.kind, p.sources, p.context, p.title, [score(p)]) for p in points]
        return [wait.result()[0] for wait in waiting]

    estimated = verdicts(own, lambda point: point.score or 0.0)
    rows = [("the rewriter's, by verifier and rewriter", own, estimated)]
    rows += [("by the verifier", own, verdicts(own, lambda point: usual))]
    for kind, name in (("sentences", "the article's own sentences"), ("others", "other writers'")):
        points = [point for point in found if point.kind == kind]
        rows += [(name, points, verdicts(points, lambda point: 0.0))] if points else []
    verifier.close()
    print(f"\n| kept for these figures | points | good, % | AUC | {' | '.join(VERDICTS[1:])} |\n{'| --- ' * 8}|")
    for name, points, given in rows:
        print(told_apart(name, points, np.array([verdict.good for verdict in given])))
    print(told_apart("the rewriter's, by its own score", own, np.array([point.score for point in own])) + "\n")

    print("| threshold | reach it, % | good, % | untrue, % | broken, % |\n| --- | --- | --- | --- | --- |")
    for threshold in _THRESHOLDS:
        reach = [point.verdict for point, verdict in zip(own, estimated, strict=True) if verdict.good >= threshold]
        shares = " | ".join(f"{100 * reach.count(v) / max(len(reach), 1):.0f}" for v in ("good", "untrue", "broken"))
        print(f"| {threshold} | {100 * len(reach) / len(own):.0f} | {shares} |")


if __name__ == "__main__":
    main()
