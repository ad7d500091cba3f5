"""Human bullets with the sentences that they were made from: what the rewriter learns from.

A bullet is paired with the one or two sentences of its article that hold most of its words. A bullet that says what
they do not (an editor knew more, or wrote from the headline) would teach the rewriter to invent, and is left out; so is
one that cannot be read alone.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nltk.stem.porter import PorterStemmer
from tqdm import tqdm

from eval.data import Example
from eval.oracle import ngrams
from summarizer.boilerplate import story
from summarizer.facts import facts
from summarizer.known import Known
from summarizer.rewriter import context_of
from summarizer.selection import leans
from summarizer.sentences import Sentence, words

LEAST_RECALL = 0.75
"""Share of a bullet's content words that its sentences (with their context) must hold."""
SECOND_GAIN = 0.2
"""Share of its content words that a second sentence must add to be taken."""
SHORTEST, LONGEST = 5, 40
"""Words of a bullet."""
REACH = 3
"""How many sentences further on or back the second of the two that a bullet is made from may stand."""

_LABEL = re.compile(r"^(?:NEW|UPDATE|BREAKING|REPORT|JUST IN)\s*:\s*")
_ABBREVIATION_END = re.compile(r"\b(?:\w\.){2,}$|\.\.$")
_FUNCTION = frozenset(
    "a an the of to in on at for by with from as and or but is are was were be been has have had will would can could "
    "may might it its this that these those he she they his her their him them who which what when where while after "
    "before not no s says say said also more than about over into out up".split()
)
_STEM = PorterStemmer().stem


@dataclass(frozen=True, slots=True)
class Pair:
    """What goes in and what should come out.

    Attributes:
        sources: The sentences, in article order.
        context: The sentence that names what they call "he" or "the move"; may be empty.
        target: The bullet.
    """

    sources: str
    context: str
    target: str


def pairs(examples: Iterable[Example], progress: bool = True) -> list[Pair]:
    """The pairs of articles; several bullets of one article may give one each, none where nothing fits."""
    found = []
    for example in tqdm(examples, "pairs", file=sys.stderr, mininterval=5, disable=not progress):
        sentences = story(example.text)
        bags = [content(s.text) for s in sentences]
        bigrams = [set(ngrams(s.text)[1]) for s in sentences]
        for bullet in example.bullets:
            text = _LABEL.sub("", bullet)
            pair = None if leans(text) else _pair(text, sentences, bags, bigrams)
            if pair:
                found.append(pair)
    return found


def _pair(
    bullet: str, sentences: Sequence[Sentence], bags: Sequence[set[str]], bigrams: Sequence[set[tuple[str, str]]]
) -> Pair | None:
    said, twos = content(bullet), set(ngrams(bullet)[1])
    if not sentences or not said or not SHORTEST <= len(words(bullet)) <= LONGEST:
        return None

    def worth(chosen: Sequence[int]) -> float:
        bag = set().union(*(bags[i] for i in chosen))
        there = set().union(*(bigrams[i] for i in chosen))
        return len(said & bag) / len(said) + len(twos & there) / max(len(twos), 1)

    best = max(range(len(sentences)), key=lambda i: worth([i]))
    chosen = [best]
    near = [i for i in range(max(0, best - REACH), min(len(sentences), best + REACH + 1)) if i != best]
    if near:
        second = max(near, key=lambda i: worth([best, i]))
        gain = len(said & (bags[second] - bags[best])) / len(said)
        if gain >= SECOND_GAIN:
            chosen = sorted([best, second])
    sources = " ".join(" ".join(sentences[i].text.split()) for i in chosen)
    context = context_of(sentences, chosen)
    given = content(f"{sources} {context}")
    if len(said & given) / len(said) < LEAST_RECALL or len(words(bullet)) >= len(words(sources)):
        return None
    known = Known(f"{sources} {context}")
    if not all(known.supports(fact) for fact in facts(bullet)):
        return None
    return Pair(sources, context, bullet if _ABBREVIATION_END.search(bullet) else bullet.rstrip("."))


def content(text: str) -> set[str]:
    """The stems of the words of a text that say something."""
    return {_STEM(w) for w in (w.lower() for w in words(text)) if w not in _FUNCTION}
