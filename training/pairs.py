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

from tqdm import tqdm

from eval.data import Example
from summarizer.alignment import Aligner
from summarizer.boilerplate import story
from summarizer.facts import facts
from summarizer.known import Known
from summarizer.rewriter import context_of
from summarizer.selection import leans
from summarizer.sentences import Sentence, words

LEAST_RECALL = 0.75
"""Share of a bullet's content words that its sentences (with their context) must hold."""
SHORTEST, LONGEST = 5, 40
"""Words of a bullet."""

LABEL = re.compile(r"^(?:NEW|UPDATE|BREAKING|REPORT|JUST IN)\s*:\s*")
"""What a live page puts before a bullet."""
_ABBREVIATION_END = re.compile(r"\b(?:\w\.){2,}$|\.\.$")


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
        aligner = Aligner([s.text for s in sentences])
        for bullet in example.bullets:
            text = LABEL.sub("", bullet)
            pair = None if leans(text) else _pair(text, sentences, aligner)
            if pair:
                found.append(pair)
    return found


def _pair(bullet: str, sentences: Sequence[Sentence], aligner: Aligner) -> Pair | None:
    chosen = aligner(bullet) if SHORTEST <= len(words(bullet)) <= LONGEST else ()
    if not chosen:
        return None
    sources = " ".join(" ".join(sentences[i].text.split()) for i in chosen)
    context = context_of(sentences, chosen)
    if aligner.recall(bullet, chosen, context) < LEAST_RECALL or len(words(bullet)) >= len(words(sources)):
        return None
    known = Known(f"{sources} {context}")
    if not all(known.supports(fact) for fact in facts(bullet)):
        return None
    return Pair(sources, context, bullet if _ABBREVIATION_END.search(bullet) else bullet.rstrip("."))
