"""Does a check find an error that was planted? `python benchmarks/planted.py --data validation.jsonl.gz`.

Human bullets are paired with the sentences they were made from, as for training the rewriter. Into those that pass
every check, errors are planted, one at a time: another number or name from the article, a "not" that is dropped or put
in, two words that change places. Printed is the share that is found, and the share of the untouched bullets that each
check refuses.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator

from tqdm import tqdm

from eval.data import read
from summarizer.checks import Checker
from summarizer.facts import KINDS, Name, Number, facts
from training.pairs import pairs

_VERB = re.compile(r"\b(?:is|are|was|were|has|have|had|will|would|can|could|may|should)\b(?! not\b)")
_NOT = re.compile(r"\s+(?:not|never)\b|n['’]t\b")
_NEGATIVE = re.compile(r"\b(?:no|none|neither|nor|nobody|nothing|without)\b")
_NOUN = re.compile(r"(?<=\bthe )[a-z]{3,}\b|(?<=\ba )[a-z]{3,}\b|(?<=\ban )[a-z]{3,}\b")
_OPENING = re.compile(r"[A-Z][a-z]+\b(?!:)")


def planted(bullet: str, sources: str, article: str, draw: random.Random) -> Iterator[tuple[str, str]]:
    """Kinds of error, each with the bullet that has it."""
    here, there = facts(bullet), facts(article)
    numbers = [f for f in here if isinstance(f, Number)]
    others = [f.text for f in there if isinstance(f, Number) and f.text[0].isdigit() and f.text not in sources]
    if numbers and others:
        yield "number", _with(bullet, draw.choice(numbers), draw.choice(others))
    names = [f for f in here if isinstance(f, Name)]
    strangers = [
        f.text.removesuffix("'s").removesuffix("’s")
        for f in there
        if isinstance(f, Name)
        and len(f.text) > 3
        and not any(token[:4].lower() in sources.lower() for token in f.tokens)
    ]
    if names and strangers:
        yield "name", _with(bullet, draw.choice(names), draw.choice(strangers))
    if _NOT.search(bullet):
        yield "not, dropped", _NOT.sub("", bullet, count=1)
    elif _VERB.search(bullet) and not _NEGATIVE.search(bullet):
        yield "not, put in", _VERB.sub(lambda m: f"{m.group()} not", bullet, count=1)
    nouns, opening = list(_NOUN.finditer(bullet)), _OPENING.match(bullet)
    if len(names) > 1 and not set(names[0].tokens) & set(names[-1].tokens):
        a, b = names[0], names[-1]
        yield "roles", bullet[: a.start] + b.text + bullet[a.end : b.start] + a.text + bullet[b.end :]
    elif nouns and opening and opening.end() < nouns[-1].start() - 4:
        noun = nouns[-1]
        between = bullet[opening.end() : noun.start()]
        yield "roles", noun.group().capitalize() + between + opening.group().lower() + bullet[noun.end() :]


def _with(bullet: str, fact: Number | Name, text: str) -> str:
    return bullet[: fact.start] + text + bullet[fact.end :]


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
            for kind, bad in planted(target, f"{pair.sources} {pair.context}", example.text, draw):
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
