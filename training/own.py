"""The rewriter's own best work, to learn from: of what it writes, only what passes every check.

People rewrite more freely than any check can follow, and a small model that imitates them guesses. So it learns in a
second stage from its own rewrites: those that may be shown, and of these the ones that say most of what the human
bullet says (rejection sampling, as in expert iteration, Anthony et al. 2017, and RAFT, Dong et al. 2023).
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from tqdm import tqdm

from eval.data import Example
from summarizer.checks import Checker
from summarizer.policy import STYLES
from summarizer.rewriter import Candidate, Rewriter
from summarizer.sentences import words
from summarizer.summary import Length

from .pairs import Pair, pairs

KEPT = 2
"""Rewrites of one bullet that are learnt from, at most."""
BRIEF = 20
"""Words up to which a human bullet is held to be a `brief` one."""
_AHEAD = 8


def own_rewrites(folder: Path, examples: Iterable[Example], most: int, threads: int) -> list[Pair]:
    """Pairs whose target the model wrote itself.

    Args:
        folder: The rewriter, as exported.
        examples: Articles with human bullets.
        most: Human bullets whose sentences are rewritten, at most.
        threads: Bullets that are written side by side.
    """
    rewriter = Rewriter(folder, threads)
    found: list[Pair] = []
    waiting: deque[tuple[Checker, Pair, Length, Callable[[], list[Candidate]]]] = deque()
    with tqdm(total=most, desc="own rewrites", file=sys.stderr, mininterval=5) as progress:
        for checker, pair in islice(_sources(examples), most):
            length: Length = "brief" if len(words(pair.target)) <= BRIEF else "standard"
            wait = rewriter.start(pair.sources, pair.context, STYLES[length].asked)
            waiting.append((checker, pair, length, wait))
            if len(waiting) > _AHEAD:
                found += _best(*waiting.popleft())
            progress.update()
        while waiting:
            found += _best(*waiting.popleft())
    return found


def _sources(examples: Iterable[Example]) -> Iterator[tuple[Checker, Pair]]:
    for example in examples:
        made = pairs([example], progress=False)
        if made:
            checker = Checker(example.text)
            yield from ((checker, pair) for pair in made)


def _best(checker: Checker, pair: Pair, length: Length, wait: Callable[[], Sequence[Candidate]]) -> list[Pair]:
    style = STYLES[length]
    against = checker.against(pair.sources, pair.context)
    wanted = set(checker.content(pair.target))
    ranked = []
    for candidate in wait():
        size = len(words(candidate.text))
        if style.least <= size <= style.most and size < len(words(pair.sources)):
            shared = len(wanted & set(checker.content(candidate.text)))
            ranked.append((2 * shared / (len(wanted) + size), candidate.text))
    ranked.sort(key=lambda item: -item[0])
    kept: list[Pair] = []
    for _, text in ranked:
        if all(check.passed for check in against(text)):
            kept.append(Pair(pair.sources, pair.context, text.rstrip(".")))
            if len(kept) == KEPT:
                break
    return kept
