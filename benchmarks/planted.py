"""Measures how many planted errors are found: `python benchmarks/planted.py --data headers_validation.jsonl.gz`.

Pairs the points of human lists with their source sentences, as for training the rewriter. Plants faults in each point,
one at a time (`training/data/faults.py`): another number or name, a "not" removed or added, a lost speaker or limit, a
broken end. Prints the percentage of errors that the look-ups find, that the verifier scores below its threshold, and
that at least one of the two refuses; the same for true points; and how often the verifier scores a point lower with an
error than without it (`of pairs`), whatever the threshold.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from eval.data import read
from summarizer.checks import FACT_KINDS, Checker, Verifier
from summarizer.points import finished
from training.data import pairs, planted


@dataclass
class Refused:
    """Number of points of a kind, and of those that each check refuses."""

    points: int = 0
    by: Counter[str] = field(default_factory=Counter)
    below: int = 0

    def add(self, looked_up: bool, doubted: bool, below: bool = False) -> None:
        """Counts a point; `below`: the verifier scores it lower than the point without the error."""
        self.points += 1
        self.below += below
        refuses = (looked_up, doubted, looked_up or doubted)
        self.by.update(name for name, holds in zip(BY, refuses, strict=True) if holds)

    def row(self, name: str) -> str:
        """Returns a row of a Markdown table."""
        shares = " | ".join(f"{100 * self.by[by] / max(self.points, 1):.1f}" for by in BY)
        pairs = f"{100 * self.below / max(self.points, 1):.1f}" if self.below else ""
        return f"| {name} | {self.points} | {shares} | {pairs} |"


BY = ("look-ups", "verifier", "both")


def main() -> None:
    """Plants errors and prints how many are found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="articles with header lists or bullets that people wrote")
    parser.add_argument("--model", type=Path, default=Path("models/base"), help="a model folder")
    parser.add_argument("--limit", type=int, help="maximum number of articles (default: all)")
    parser.add_argument("--show", type=int, default=0, help="number of missed errors to print")
    args = parser.parse_args()
    draw = random.Random(13)
    verifier = Verifier(args.model / "verifier", 2)
    kinds, true, facts = Counter[str](), Refused(), Refused()
    found: dict[str, Refused] = {}
    missed = []
    for example in tqdm(read(args.data)[: args.limit], "articles", file=sys.stderr):
        checker = Checker(example.text)
        made = [(pair, target) for pair in pairs([example], progress=False) for target in pair.targets]
        for pair, target in made:
            others = [text for other, text in made if other is not pair]
            context = f"{pair.context} {pair.title or ''}"
            faults = list(planted(target, pair.sources, context, example.text, others, draw))
            texts = [finished(target), *(fault.text for fault in faults)]
            against = checker.for_sources(pair.sources, context)
            lost = [{check.kind for check in against(text) if not check.passed} for text in texts]
            wait = verifier.start(texts, "others", pair.sources, pair.context, pair.title)
            good = [verdict.good for verdict in wait.result()]
            doubted = [one < verifier.threshold for one in good]
            kinds.update(lost[0])
            true.add(bool(lost[0]), doubted[0])
            facts.add(bool(lost[0] & set(FACT_KINDS)), False)
            for fault, looked_up, doubt, trust in zip(faults, lost[1:], doubted[1:], good[1:], strict=True):
                found.setdefault(fault.kind, Refused()).add(bool(looked_up), doubt, trust < good[0])
                if not looked_up and not doubt:
                    missed.append(f"{fault.kind}: {fault.text}\n    was: {target}\n    from: {pair.sources}")
    verifier.close()
    kinds_of = found.values()
    total = Refused(
        sum(one.points for one in kinds_of),
        sum((one.by for one in kinds_of), Counter()),
        sum(one.below for one in kinds_of),
    )
    print(
        f"{true.points} true points; {100 * facts.by['look-ups'] / true.points:.1f}% fail a look-up of facts "
        f"({', '.join(FACT_KINDS)}). {total.points} errors planted.\n\n"
        f"| | points | refused by {' | '.join(BY)} | of pairs |\n{'| --- ' * (3 + len(BY))}|\n{true.row('true')}\n"
        f"{total.row('with an error')}"
    )
    print("\n".join(one.row(kind) for kind, one in sorted(found.items(), key=lambda item: -item[1].points)))
    print("\n| look-up | refuses of the true, % |\n| --- | --- |")
    print("\n".join(f"| {kind} | {100 * count / true.points:.1f} |" for kind, count in kinds.most_common()))
    draw.shuffle(missed)
    print("\n".join(["", *missed[: args.show]]))


if __name__ == "__main__":
    main()
