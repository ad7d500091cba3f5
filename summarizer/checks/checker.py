"""Looks up what a point states.

Each number, date, name and quote must be in the sentences of the point or in their context (`facts.py`,
`fact_index.py`), and the point may not start with a pronoun. The verifier judges whether the point is true, a whole
sentence and understandable. A new kind of check is yielded in `Checker.for_sources`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from ..reading import TOKEN, stems
from ..summary import Check
from .fact_index import FactIndex
from .facts import TITLES, Fact, Name, Number, bound_and_rate, facts, numbers
from .standalone import needs_context

_ROLES = TITLES | frozenset(
    "prosecutor attorney lawyer spokesman spokeswoman spokesperson author actor actress singer director editor manager "
    "striker defender goalkeeper teacher nurse professor inspector superintendent counsel councillor deputy chairman "
    "chairwoman chair head".split()
)
"""Words that have a capital before a name ("Director Roe"), but none when they are used alone ("the director")."""
_OPENINGS = frozenset(".!?:;\"“”'‘’-–—(")


class Checker:
    """Looks up what the bullets of one article state.

    Args:
        article: The text of the article.

    Attributes:
        counts: Frequency of each content word in the article, by stem.
    """

    def __init__(self, article: str) -> None:
        self.counts = Counter(stems(article))
        self._article = FactIndex(article)
        tokens = TOKEN.findall(article)
        lower = {token for token in tokens if token[:1].islower()}
        self._proper = {_bare(token) for token in tokens if token[:1].isupper()} - lower

    def __call__(self, bullet: str, sources: str, context: str = "") -> tuple[Check, ...]:
        """Returns one check for each fact that a bullet states, and one of each other kind.

        Args:
            bullet: The text to be shown.
            sources: The sentences that it was made from.
            context: The sentences that explain the sources, and the headline. May be empty.

        Returns:
            Checks of the kinds "number", "date", "name" and "quote" (fail if the sources lack the fact; "number" also
            fails for a lost or added "about" or "a year"), "words" (fails if a word lost or gained capitals) and
            "alone" (fails if the form of the bullet shows that it needs the text before it).
        """
        return self.for_sources(sources, context)(bullet)

    def for_sources(self, sources: str, context: str = "") -> Callable[[str], tuple[Check, ...]]:
        """Returns a function that checks bullets against these sentences. The sentences are read only once."""
        known, forms = FactIndex(f"{sources}\n{context}"), _forms(f"{sources} {context}")
        there = [number for number in numbers(sources) if not number.vague]

        def checks(bullet: str) -> Iterator[Check]:
            stated = facts(bullet)
            for fact in (*stated, *self._opening(bullet, stated)):
                yield self._found(fact, known.supports(fact))
            yield from _measures(bullet, stated, sources, there)
            yield _verdict("words", _other_case(bullet, forms))
            yield _verdict("alone", "cannot be understood without the text before it" if needs_context(bullet) else "")

        return lambda bullet: tuple(checks(bullet))

    def _found(self, fact: Fact, holds: bool) -> Check:
        if holds:
            where = "is in the sources"
        elif self._article.supports(fact):
            where = "is in the article, but not in the sources"
        else:
            where = "is not in the article"
        return Check(fact.kind, holds, f"{fact.text!r} {where}")

    def missing(self, bullet: str) -> list[Fact]:
        """Returns the facts of a bullet that the whole article lacks, with their offsets in the bullet."""
        stated = facts(bullet)
        return [fact for fact in (*stated, *self._opening(bullet, stated)) if not self._article.supports(fact)]

    def _opening(self, bullet: str, stated: Sequence[Fact]) -> Iterator[Name]:
        """Yields the first word of a bullet if it is a name. Every first word has a capital, so the article decides: it
        never has a name in lower case."""
        opening = TOKEN.search(bullet)
        if not opening or not opening.group()[:1].isupper() or any(f.start <= opening.start() < f.end for f in stated):
            return
        if (bare := _bare(opening.group())) in self._proper:
            yield Name("name", opening.group(), opening.start(), opening.end(), (bare,))


def _bare(token: str) -> str:
    """Returns a word in lower case, without possessive."""
    return re.sub(r"'s?$", "", token.replace("’", "'").lower())


def _forms(text: str) -> dict[str, set[str]]:
    """Maps each word of a text, in lower case, to its spellings. A word that starts a sentence or a quotation may have
    its capital only for that reason, so its spelling without capital is added."""
    forms: dict[str, set[str]] = {}
    last, before = 0, ""
    for match in TOKEN.finditer(text):
        token, before = match.group(), text[last : match.start()].rstrip()[-1:] or before
        forms.setdefault(token.lower(), set()).add(token)
        if not before or before in _OPENINGS:
            forms[token.lower()].add(token[:1].lower() + token[1:])
        last, before = match.end(), token[-1]
    return forms


def _other_case(bullet: str, forms: Mapping[str, set[str]]) -> str:
    """Returns a message for a word that gained or lost capitals ("U.s." for "U.S."), else "". The first word of the
    bullet is not checked."""
    for token in TOKEN.findall(bullet)[1:]:
        there = forms.get(token.lower())
        if there and token not in there and not (token.islower() and token.capitalize() in there and token in _ROLES):
            return f"{token!r} is {' or '.join(sorted(there))!r} in the sources"
    return ""


def _measures(bullet: str, stated: Sequence[Fact], sources: str, there: Sequence[Number]) -> Iterator[Check]:
    """Yields a failed check for each number that lost or gained an "about" or "a year"."""
    for number in stated:
        if isinstance(number, Number):
            mine = bound_and_rate(bullet, number)
            same = [other for other in there if set(other.values) & set(number.values)]
            wanted = [bound_and_rate(sources, other) for other in same]
            if wanted and mine not in wanted:
                first, found = (" ".join(filter(None, both)) or "bare" for both in (wanted[0], mine))
                yield Check("number", False, f"limit or rate of {number.text!r}: {first} in the sources, {found} here")


def _verdict(kind: str, fault: str) -> Check:
    return Check(kind, not fault, fault or "no fault found")
