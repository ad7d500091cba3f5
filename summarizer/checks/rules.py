"""May a rewritten bullet be shown? Holds it against the sentences it was made from.

Numbers, dates, names and quotes are looked up (`facts.py`, `known.py`), and so are its other words. What no lookup
finds is kept by form: what is denied, and who says so (`claims.py`), who did what to whom (`clauses.py`), a whole
sentence (`endings.py`), and what may be left out on the way (`gaps.py`). A rewrite that breaks a rule may still be
true; it is refused, since nothing here can tell. The rules are those of English news.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..alone import dangles, leans
from ..claims import denied_otherwise, unattributed
from ..clauses import aligned, misplaced
from ..endings import broken_off, fragment, malformed
from ..facts import TITLES, Date, Fact, Name, Number, facts, measure, numbers
from ..gaps import reworded, stripped, torn, unquoted
from ..known import Known
from ..lexicon import AUXILIARIES, LABEL, STOPS, TOKEN, Reader, Word, stem
from ..summary import Check

_LIGHT = frozenset(
    "due set even still already now later ago again once say amid despite following former new first last next back "
    "people man woman".split()
)
"""What a bullet may say of its own: nobody is wronged by it."""
_BOUNDS = frozenset("about around roughly approximately nearly almost some close least most".split())
"""They stand before numbers, and are checked with them."""
_SAYS = frozenset("said say says saying told tell tells according".split())
_ROLES = TITLES | frozenset(
    "prosecutor attorney lawyer spokesman spokeswoman spokesperson author actor actress singer director editor manager "
    "striker defender goalkeeper teacher nurse professor inspector superintendent counsel councillor deputy chairman "
    "chairwoman chair head".split()
)
"""What may stand alone of "Prosecutor Eva Dahl"."""
_OPENINGS = frozenset(".!?:;\"“”'‘’-–—(")
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")
_DEMONYMS = tuple("n an ian s es ese ish i".split())


@dataclass(frozen=True, slots=True)
class _Sources:
    """The sentences of a bullet, read once for all its candidates."""

    text: str
    words: list[Word]
    stems: frozenset[str]
    forms: dict[str, set[str]]
    """The words as they are written, by their lower case; with the context's."""
    known: Known
    names: list[Name]
    near: Known
    """With the context."""
    numbers: list[Number]
    explained: Name | None
    """Who "he" is, where the sentences open with a pronoun and the context names one person and no other."""


class Checker:
    """The checks of the bullets of one article.

    Args:
        article: Its text.

    Attributes:
        counts: How often the article says each word that says something, by its stem.
    """

    def __init__(self, article: str) -> None:
        self._read = Reader()
        self._known = Known(article)
        content = [word for word in self._read(article) if word.content]
        self.counts = Counter(word.stem for word in content)
        lower = {token for token in TOKEN.findall(article) if token[:1].islower()}
        self._proper = {word.text for word in content} - lower

    def __call__(self, bullet: str, sources: str, context: str = "") -> tuple[Check, ...]:
        """Every check of a bullet: one for each fact that it states, and one of each other kind.

        Args:
            bullet: What is to be shown.
            sources: The sentences that it was made from.
            context: The sentence that explains them, if there is one.

        Returns:
            Checks of the kinds "number" (its "about" and its "a year" among it), "date", "name" and "quote" (a fact
            that is not in the sources, or a quote that lost its marks), "words" (a word that is not in them),
            "negation", "attribution" (a claim or a guess that became a fact), "order" (who did what), "scope" (a limit
            that was lost), "alone" (a pronoun without its noun) and "finished" (one whole sentence).
        """
        return tuple(self.against(sources, context)(bullet))

    def against(self, sources: str, context: str = "") -> Callable[[str], Iterator[Check]]:
        """A function that checks one bullet after another against the same sentences, which are read once; its checks
        come one by one, so that a caller may stop at the first that fails."""
        source = self._source(sources, context)
        return lambda bullet: self._checks(bullet, source)

    def both(
        self, sources: str, context: str = ""
    ) -> tuple[Callable[[str], Iterator[Check]], Callable[[str], Iterator[Check]]]:
        """Two functions for the same sentences, which are read once: one gives the checks that need no rule of grammar
        (the numbers, dates, names and quotes of a bullet, its words as they are written, and how it opens), the other
        is that of `against`."""
        source = self._source(sources, context)
        return lambda bullet: self._looked_up(bullet, source), lambda bullet: self._checks(bullet, source)

    def _source(self, sources: str, context: str) -> _Sources:
        read = self._read(sources)
        stems = {word.stem for word in read}
        if leans(sources):
            stems.update(word.stem for word in self._read(context))
        return _Sources(
            sources,
            read,
            frozenset(stems),
            _forms(f"{sources} {context}"),
            Known(sources),
            [fact for fact in facts(sources) if isinstance(fact, Name)],
            Known(f"{sources}\n{context}"),
            [number for number in numbers(sources) if not number.vague],
            _only_name(context) if dangles(sources) else None,
        )

    def content(self, text: str) -> list[str]:
        """The stems of the words of a text that say something, in order."""
        return [word.stem for word in self._read(text) if word.content]

    def _looked_up(self, bullet: str, source: _Sources) -> Iterator[Check]:
        stated = facts(bullet)
        for fact in stated:
            yield _found(fact, source.near.supports(fact))
        yield from _measures(bullet, stated, source)
        yield _verdict("words", _other_case(bullet, source.forms))
        yield _verdict("alone", "needs what stands before it" if leans(bullet) else "")

    def _checks(self, bullet: str, source: _Sources) -> Iterator[Check]:
        read, stated = self._read(bullet), facts(bullet)
        for fact in stated:
            if isinstance(fact, Name):
                yield from self._name(fact, bullet, source)
            else:
                yield _found(fact, source.known.supports(fact))
        yield from self._opening(bullet, stated, source)
        yield from _measures(bullet, stated, source)
        yield self._words(read, stated, source)
        yield _verdict("words", _other_case(bullet, source.forms))
        yield _verdict("negation", denied_otherwise(read, source.words))
        yield _verdict("alone", "needs what stands before it" if leans(bullet) else "")
        yield _verdict("finished", malformed(bullet, read))
        said = _without_speaker(bullet, read, source.words)
        places = aligned(said, source.words)
        kept = {place for place in places if place is not None}
        kept |= set(range(len(source.words))) if len(said) < len(read) else set()  # who speaks was moved to the front
        yield _verdict("date", _lost_year(read, source.words, kept))
        yield _verdict("attribution", unattributed(bullet, read, source.words, kept))
        dated = {w.lower() for fact in stated if isinstance(fact, Date) for w in fact.text.split()}
        yield _verdict("order", misplaced(said, source.words, places, dated))
        yield _verdict("words", reworded(said, source.words, places) or _article(read, source.words))
        yield _verdict("finished", broken_off(said, source.words, places))
        yield _verdict("finished", fragment(read, source.words))
        yield _verdict("scope", stripped(said, source.words, places))
        yield _verdict("scope", torn(said, source.words, places))
        yield _verdict("quote", unquoted(said, source.words, places))

    def _name(self, name: Name, bullet: str, source: _Sources) -> Iterator[Check]:
        last = name.tokens[-1]
        longer = self._cut(name, bullet, source)
        if longer:
            yield Check("name", False, f"{name.text!r} is only the beginning of {longer!r}")
            return
        in_full = source.known.supports(Name("name", last, 0, 0, (last,))) and self._known.supports(name)
        if source.known.supports(name) or in_full:
            yield _found(name, True)
        elif source.near.supports(name):
            yield Check("name", True, f"{name.text!r} is in the sentence that explains the sources")
            if not (name.start == 0 and source.explained and set(name.tokens) <= set(source.explained.tokens)):
                yield Check("order", False, f"{name.text!r} may be another than the sources mean")
        else:
            yield _found(name, False)

    def _cut(self, name: Name, bullet: str, source: _Sources) -> str:
        """The name of which this one is the first half, where nothing but its second half was left out: of "The
        Minnesota Senate voted" came "The Minnesota voted"."""
        last, behind = name.tokens[-1], self._read(bullet[name.end :])[:1]
        if last in _ROLES or any(last == other.tokens[-1] for other in source.names):
            return ""
        for other in source.names:
            if last in other.tokens[:-1]:
                after = self._read(source.text[other.end :])[:1]
                if not behind or behind[0].is_mark or [w.stem for w in after] == [w.stem for w in behind]:
                    return other.text
        return ""

    def _opening(self, bullet: str, stated: Sequence[Fact], source: _Sources) -> Iterator[Check]:
        """A single word that opens a bullet has a capital anyway; the article knows whether it is a name."""
        opening = TOKEN.search(bullet)
        if opening and opening.group()[:1].isupper() and not any(f.start <= opening.start() < f.end for f in stated):
            first = self._read(opening.group())[0]
            if first.text in self._proper:
                name = Name("name", opening.group(), opening.start(), opening.end(), (first.text,))
                yield from self._name(name, bullet, source)

    def _words(self, read: Sequence[Word], stated: Sequence[Fact], source: _Sources) -> Check:
        looked_up = {w.text for fact in stated if fact.kind != "quote" for w in self._read(fact.text)}
        unknown = [
            w.text
            for w in read
            if (w.content or w.text in AUXILIARIES)
            and w.text not in looked_up | _BOUNDS
            and not w.text[0].isdigit()
            and not self._is_known(w, source)
        ]
        return _verdict("words", f"{', '.join(unknown)}: not in the sources" if unknown else "")

    def _is_known(self, word: Word, source: _Sources) -> bool:
        known = source.stems
        if word.text in AUXILIARIES:
            return word.text in source.forms  # not "has been ill" of "had been ill", nor "is" of "a quest to be"
        if word.stem in known:
            return True
        if len(word.text) < 3 or word.text in _LIGHT | _SAYS or word.stem in _LIGHT:
            return True
        return any(
            word.text.endswith(end) and stem(word.text[: -len(end)]) in known
            for end in _DEMONYMS
            if len(word.text) - len(end) > 3
        )


def _forms(text: str) -> dict[str, set[str]]:
    """The words of a text as they are written, by their lower case; one that opens a sentence has a capital only for
    that."""
    forms: dict[str, set[str]] = {}
    for match in TOKEN.finditer(text):
        token, before = match.group(), text[: match.start()].rstrip()[-1:]
        forms.setdefault(token.lower(), set()).add(token)
        if not before or before in _OPENINGS:
            forms[token.lower()].add(token[:1].lower() + token[1:])
    return forms


def _other_case(bullet: str, forms: Mapping[str, set[str]]) -> str:
    """A word that got capitals, or lost them, behind the first: "U.s." for "U.S."."""
    for token in TOKEN.findall(bullet)[1:]:
        there = forms.get(token.lower())
        if there and token not in there and not (token.islower() and token.capitalize() in there and token in _ROLES):
            return f"{token!r} is {' or '.join(sorted(there))!r} in the sources"
    return ""


def _only_name(text: str) -> Name | None:
    """The name of a text that has one, however often and at whatever length it is given."""
    names = sorted((fact for fact in facts(text) if isinstance(fact, Name)), key=lambda name: -len(name.tokens))
    if names and all(set(name.tokens) <= set(names[0].tokens) for name in names):
        return names[0]
    return None


def _without_speaker(bullet: str, read: Sequence[Word], source: Sequence[Word]) -> Sequence[Word]:
    """The words behind "Police: ", and behind "Police say " where the source closes with ", police say" or "said
    police": who speaks may move to the front."""
    if LABEL.match(bullet):
        return read[next(i for i, word in enumerate(read) if word.text == ":") + 1 :]
    at = next((i for i, word in enumerate(read) if word.text in _SAYS), 0)
    if at:
        speaker, verb = [w.stem for w in read[:at] if w.text != "the"], read[at].stem
        stems = ["," if w.is_mark else w.stem for w in source if w.text != "the"]
        for phrase in ([*speaker, verb], [verb, *speaker]):
            closed = [",", *phrase, ","]
            if any(stems[i : i + len(closed)] == closed for i in range(len(stems))):
                return read[at + 1 :]
    return read


def _measures(bullet: str, stated: Sequence[Fact], source: _Sources) -> Iterator[Check]:
    """A number that lost its "about" or its "a year", or got one."""
    for number in stated:
        if isinstance(number, Number):
            mine = measure(bullet, number)
            same = [other for other in source.numbers if set(other.values) & set(number.values)]
            there = [measure(source.text, other) for other in same]
            if there and mine not in there:
                wanted, found = (" ".join(filter(None, both)) or "bare" for both in (there[0], mine))
                yield Check("number", False, f"{number.text!r} is {wanted} in the sources and {found} here")


def _lost_year(read: Sequence[Word], source: Sequence[Word], kept: Collection[int]) -> str:
    """A year that was left out of what is kept: what happened in 1910 reads as if it were news."""
    there = {word.text for word in read}
    marks = [-1, *(i for i, word in enumerate(source) if word.is_mark), len(source)]
    for at, word in enumerate(source):
        if _YEAR.fullmatch(word.text) and word.text not in there:
            close = bisect_left(marks, at)
            dated = range(marks[close - 1] + 1, marks[close])
            if marks[close - 1] < 0 or source[marks[close - 1]].text in STOPS:  # "In 1910,": of what follows
                dated = range(at, next((i for i in range(at, len(source)) if source[i].text in STOPS), len(source)))
            if any(source[j].content and j in kept for j in dated):
                return f"{word.text} is lost"
    return ""


def _found(fact: Fact, holds: bool) -> Check:
    return Check(fact.kind, holds, f"{fact.text!r} {'is' if holds else 'is not'} in the sources")


def _verdict(kind: str, fault: str) -> Check:
    return Check(kind, not fault, fault or "nothing found")


def _article(read: Sequence[Word], source: Sequence[Word]) -> str:
    """An "a" before "estimated" where the sources have "an", or the reverse."""
    pairs = {(a.text, b.text) for a, b in pairwise(source)}
    for pair in pairwise(read):
        article, word = (w.text for w in pair)
        other = {"a": "an", "an": "a"}.get(article)
        if other and (article, word) not in pairs:
            vowel = word[0] in "aeio" and not word.startswith(("eu", "one", "once"))
            if (other, word) in pairs or vowel != (article == "an"):
                return f"{article!r} before {word!r}"
    return ""
