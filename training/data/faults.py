"""Plants faults into true points: errors that a rewriter makes, generated in any number.

The verifier is trained on them before it is trained on points that readers judged. `benchmarks/planted.py` counts how
many of them are found.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from summarizer.checks import Fact, Fault, Name, Number, facts
from summarizer.points import finished

_VERB = re.compile(r"\b(?:is|are|was|were|has|have|had|will|would|can|could|may|should)\b(?! not\b)")
_NOT = re.compile(r"\s+(?:not|never)\b|n['’]t\b")
_NEGATIVE = re.compile(r"\b(?:no|none|neither|nor|nobody|nothing|without)\b")
_NOUN = re.compile(r"(?<=\bthe )[a-z]{3,}\b|(?<=\ba )[a-z]{3,}\b|(?<=\ban )[a-z]{3,}\b")
_OPENING = re.compile(r"[A-Z][a-z]+\b(?!:)")
_HEDGE = re.compile(
    r"\b(?:allegedly|alleged|reportedly|apparently|nearly|almost|about|around|at least|at most|up to|more than"
    r"|less than|fewer than|over|under|planned|proposed|suspected|accused of|possible|possibly|likely|expected to"
    r"|tried to|threatened to|hoped to|wanted to|plans to|planned to|agreed to|some|most|several|former"
    r"|partly|only|if) "
)
_MAY = re.compile(r"\b(?:may|might|could) (?:have )?")
_SAID_FIRST = re.compile(
    r"^[^,;:\"“]{3,60}? (?:said|says|claimed|claims|argued|argues|believed|believes)(?: that)? (?=[a-z])"
)
_SAID_LAST = re.compile(r",? (?:[^,;:\"“]{3,50} (?:said|says|claimed)|according to [^,;:\"“]{3,60})(?=\.?$)")
_ACCORDING = re.compile(r"^According to [^,]{3,60}, ")
_FINITE = re.compile(
    r" (?:is|are|was|were|has|have|had|will|would|can|could|may|might|said|says|told|made|won|lost|took|gave|went|began"
    r"|came|became|found|held|led|left|met|paid|put|saw|sent|set|sold|spent|spoke|struck|wrote|broke|fell|rose|hit"
    r"|faced?s?|beat|shot|[a-z]{3,}ed)(?= )"
)
_GLUE = re.compile(
    r" (?:is|are|was|were|has|have|had|will|would|to|of|in|on|at|for|by|with|from|the|a|an|and|that|who|which|after"
    r"|said|[a-z]{3,}ed)(?= )"
)
_ALONE = ("He", "She", "It", "They", "The company", "The man", "The woman", "The group", "The move", "The incident")


@dataclass(frozen=True, slots=True)
class Planted:
    """A point with a fault.

    Attributes:
        kind: Kind of the change, such as "number" or "roles".
        fault: The verdict that a reader would give: "untrue", "broken" or "leaning" (cannot be understood alone).
        text: The text with the fault.
    """

    kind: str
    fault: Fault
    text: str


def planted(
    text: str, sources: str, context: str, article: str, others: Sequence[str], draw: random.Random
) -> Iterator[Planted]:
    """Yields versions of a point, each with one fault, for every kind of fault that can be planted into it.

    Args:
        text: A true point.
        sources: The sentences that it was made from.
        context: Text that explains them.
        article: Text of the article; other numbers and names are taken from it.
        others: Other points of the article.
        draw: Random number generator.
    """
    others = [other.rstrip(".") for other in others]
    for kind, fault, bad in _all(text.rstrip("."), sources, context, article, others, draw):
        bad = finished(" ".join(bad.split()))
        if bad != finished(text) and len(bad.split()) > 2:
            yield Planted(kind, fault, bad)


def _all(
    text: str, sources: str, context: str, article: str, others: Sequence[str], draw: random.Random
) -> Iterator[tuple[str, Fault, str]]:
    here, there = facts(text), facts(article)
    read = f"{sources} {context}"
    numbers = [f for f in here if isinstance(f, Number)]
    digits = [f for f in there if isinstance(f, Number) and f.text[0].isdigit()]
    strange = [f.text for f in digits if f.text not in read]
    if numbers and strange:
        yield "number", "untrue", _with(text, draw.choice(numbers), draw.choice(strange))
    near = [f.text for f in digits if f.text in sources and f.text not in text]
    if numbers and near:
        yield "number of the sources", "untrue", _with(text, draw.choice(numbers), draw.choice(near))
    names = [f for f in here if isinstance(f, Name)]
    named = [f for f in there if isinstance(f, Name) and len(f.text) > 3]
    strangers = [_bare(f) for f in named if not any(token[:4].lower() in read.lower() for token in f.tokens)]
    if names and strangers:
        yield "name", "untrue", _with(text, draw.choice(names), draw.choice(strangers))
    known = [_bare(f) for f in named if f.text in sources and not any(token in text for token in f.tokens)]
    if names and known:
        yield "name of the sources", "untrue", _with(text, draw.choice(names), draw.choice(known))
    meant = [f for f in names if len(f.tokens) > 1 and not _speaks_of(sources, f)]
    beside = [f for f in facts(context) if isinstance(f, Name) and len(f.tokens) > 1 and not _speaks_of(text, f)]
    if meant and beside:  # the sentences name the person only as "he"
        yield "person of the context", "untrue", _with(text, draw.choice(meant), _bare(draw.choice(beside)))
    yield from _denied(text)
    yield from _roles(text, names)
    yield from _unsaid(text)
    for pattern, put in ((_HEDGE, ""), (_MAY, "")):
        found = list(pattern.finditer(text))
        if found:
            one = draw.choice(found)
            yield "limit, dropped", "untrue", text[: one.start()] + put + text[one.end() :]
    yield from _joined(text, others, draw)
    yield from _broken(text, draw)
    yield from _leaning(text, names, draw)


def _denied(text: str) -> Iterator[tuple[str, Fault, str]]:
    if _NOT.search(text):
        yield "not, dropped", "untrue", _NOT.sub("", text, count=1)
    elif _VERB.search(text) and not _NEGATIVE.search(text):
        yield "not, put in", "untrue", _VERB.sub(lambda m: f"{m.group()} not", text, count=1)


def _roles(text: str, names: Sequence[Name]) -> Iterator[tuple[str, Fault, str]]:
    nouns, opening = list(_NOUN.finditer(text)), _OPENING.match(text)
    if len(names) > 1 and not set(names[0].tokens) & set(names[-1].tokens):
        a, b = names[0], names[-1]
        yield "roles", "untrue", text[: a.start] + b.text + text[a.end : b.start] + a.text + text[b.end :]
    elif nouns and opening and opening.end() < nouns[-1].start() - 4:
        noun = nouns[-1]
        between = text[opening.end() : noun.start()]
        yield "roles", "untrue", noun.group().capitalize() + between + opening.group().lower() + text[noun.end() :]


def _unsaid(text: str) -> Iterator[tuple[str, Fault, str]]:
    for pattern in (_SAID_FIRST, _SAID_LAST, _ACCORDING):
        if pattern.search(text):
            yield "speaker, dropped", "untrue", pattern.sub("", text, count=1)


def _joined(text: str, others: Sequence[str], draw: random.Random) -> Iterator[tuple[str, Fault, str]]:
    """Joins the subject of one point to the predicate of another."""
    mine = _FINITE.search(text)
    if not others or not mine:
        return
    other = draw.choice(others)
    its = _FINITE.search(other)
    if its and text[: mine.start()].lower() != other[: its.start()].lower():
        yield "merged", "untrue", text[: mine.start()] + other[its.start() :]
        yield "merged", "untrue", other[: its.start()] + text[mine.start() :]
    if its:
        yield "joined to another's", "untrue", f"{text} and{other[its.start() :]}"


def _broken(text: str, draw: random.Random) -> Iterator[tuple[str, Fault, str]]:
    words = text.split()
    if len(words) < 6:
        return
    yield "cut", "broken", " ".join(words[: draw.randint(len(words) // 2, len(words) - 1)])
    glue = list(_GLUE.finditer(text))
    if glue:
        one = draw.choice(glue)
        yield "word, lost", "broken", text[: one.start()] + text[one.end() :]
    at, size = draw.randint(2, len(words) - 2), draw.randint(1, 4)
    yield "said twice", "broken", " ".join([*words[:at], *words[max(0, at - size) :]])
    start, end = sorted(draw.sample(range(2, len(words)), 2))
    yield "spliced", "broken", " ".join([*words[:start], *words[end:]])


def _leaning(text: str, names: Sequence[Name], draw: random.Random) -> Iterator[tuple[str, Fault, str]]:
    full = [name for name in names if len(name.tokens) > 1 and name.text.split()[-1][:1].isupper()]
    if full:
        name = draw.choice(full)
        yield "last name alone", "leaning", text[: name.start] + name.text.split()[-1] + text[name.end :]
    verb = _FINITE.search(text)
    if verb and 1 <= len(text[: verb.start()].split()) <= 9:
        yield "pronoun", "leaning", draw.choice(_ALONE) + text[verb.start() :]


def _with(text: str, fact: Fact, other: str) -> str:
    return text[: fact.start] + other + text[fact.end :]


def _speaks_of(text: str, name: Name) -> bool:
    return any(token.lower() in text.lower() for token in name.tokens)


def _bare(name: Name) -> str:
    return name.text.removesuffix("'s").removesuffix("’s")
