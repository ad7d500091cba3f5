"""Does a check find an error that was planted? `python benchmarks/planted.py --data validation.jsonl.gz`.

Human bullets are paired with the sentences they were made from, as for training the rewriter. Into those that pass
every rule, faults are planted, one at a time (`training/faults.py`): another number or name, a "not" that is dropped or
put in, a lost speaker or limit, a broken end. Printed is the share that the rules find, and the share of the untouched
bullets that each refuses.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter

from tqdm import tqdm

from eval.data import read
from summarizer.checks import Checker
from summarizer.facts import KINDS
from training.faults import planted
from training.pairs import pairs


def main() -> None:
    """Plants and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="articles with human bullets")
    parser.add_argument("--limit", type=int, help="only the first so many articles")
    parser.add_argument("--show", type=int, default=0, help="print so many of the errors that were not found")
    args = parser.parse_args()
    draw = random.Random(13)
    examples = read(args.data)[: args.limit]
    by_article = [
        (example, [(pair, target) for pair in pairs([example], progress=False) for target in pair.targets])
        for example in tqdm(examples, "pairs", file=sys.stderr)
    ]
    refused: Counter[str] = Counter()
    planted_, found = Counter[str](), Counter[str]()
    missed = []
    wrong = 0
    for example, made in by_article:
        checker = Checker(example.text)
        for pair, target in made:
            against = checker.against(pair.sources, pair.context)
            kinds = {c.kind for c in against(target) if not c.passed}
            refused.update(kinds or {"none"})
            wrong += bool(kinds & set(KINDS))
            if kinds:
                continue
            others = [text for other, text in made if other is not pair]
            for fault in planted(target, pair.sources, pair.context, example.text, others, draw):
                kind, bad = fault.kind, fault.text
                planted_[kind] += 1
                if any(not c.passed for c in against(bad)):
                    found[kind] += 1
                else:
                    missed.append(f"{kind}: {bad}\n    was: {target}\n    from: {pair.sources}")
    total = sum(len(made) for _, made in by_article)
    print(
        f"{total} human bullets with their sentences; {100 * refused.pop('none') / total:.1f}% pass every check, "
        f"{100 * wrong / total:.1f}% fail one of facts ({', '.join(KINDS)}).\n"
        f"{planted_.total()} errors planted; {100 * found.total() / planted_.total():.1f}% found.\n"
    )
    print("| check | refuses, % |\n| --- | --- |")
    print("\n".join(f"| {kind} | {100 * count / total:.1f} |" for kind, count in refused.most_common()))
    print("\n| planted | errors | found, % |\n| --- | --- | --- |")
    print("\n".join(f"| {kind} | {n} | {100 * found[kind] / n:.1f} |" for kind, n in planted_.most_common()))
    draw.shuffle(missed)
    print("\n".join(["", *missed[: args.show]]))


if __name__ == "__main__":
    main()
