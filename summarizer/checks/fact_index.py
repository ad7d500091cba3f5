"""Looks up the facts of a bullet in a text: numbers by value, dates, names, and quotes word for word.

`FactIndex` reads a text once; then facts (`facts.py`) are looked up in it. The rules are made for English news.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from .facts import HONORIFICS, NAME_TOKEN, TITLES, Date, Fact, Name, Number, dates, numbers, parts

_MONTH_BESIDE = re.compile(r"(?<=[a-z]\s)(?:March|May)(?=\s[a-z])")
"""A month within a phrase: "the May election". It supports a bullet's "in May", but is not itself a date to look up."""
_DIRECTIONS = frozenset("north south east west northern southern eastern western".split())
_OTHER_NAMES = (
    "us: u.s usa u.s.a america american states, u.s: us usa america american states, america: u.s us states, "
    "american: u.s us states, americans: u.s us states, uk: u.k britain british kingdom, "
    "u.k: uk britain british kingdom, britain: u.k uk british kingdom, british: u.k uk britain kingdom, "
    "french: france, france: french, dutch: netherlands, netherlands: dutch, spanish: spain, spain: spanish, "
    "germany: german germans, greek: greece, greece: greek greeks, swiss: switzerland, danish: denmark, "
    "polish: poland, irish: ireland, scottish: scotland, welsh: wales, thai: thailand, norwegian: norway, "
    "turkish: turkey, governor: gov, gov: governor, senator: sen, sen: senator, senators: sens, "
    "representative: rep, rep: representative congressman congresswoman, doctor: dr, general: gen, "
    "gen: general, lieutenant: lt, lt: lieutenant, sergeant: sgt, sgt: sergeant, saint: st, st: saint, "
    "mount: mt, mt: mount"
)
_SAME = {
    word: tuple(others.split()) for word, _, others in (entry.partition(": ") for entry in _OTHER_NAMES.split(", "))
}
_ENDINGS = tuple("s es n an ian ans ians i is ese ish er ers al ic d ed ing land".split())
_LINKS = frozenset("of and for the on in to".split())
_ELLIPSIS = re.compile(r"\s*(?:\.\.\.|…|\[[^\]]*\])\s*")
_FLAT = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "-"})
_NOT_WORD = re.compile(r"[^\w%$£€]+")


class FactIndex:
    """The facts that a text states, indexed for look-ups.

    Args:
        text: An article, or the sentences that a bullet was made from.
    """

    def __init__(self, text: str) -> None:
        self._numbers: dict[str, set[float]] = {}
        for number in numbers(text):
            for value in number.values:
                self._numbers.setdefault(number.unit, set()).add(_rounded(value))
        self._any_number = set().union(*self._numbers.values()) if self._numbers else set()
        self._dates = {key for date in dates(text) for key in (date.key, date.key.split()[0])}
        self._dates |= {match.group().lower() for match in _MONTH_BESIDE.finditer(text)}
        tokens = [part for match in NAME_TOKEN.finditer(text) for part in parts(match.group())]
        lower = [token.lower() for token in tokens]
        self._words = set(lower) | {word.replace(".", "") for word in lower}
        self._common = {token for token in tokens if token[:1].islower()}
        self._capitals = {t.lower().replace(".", "") for t in tokens if t[:1].isupper()}
        self._abbreviations = {t.lower().replace(".", "") for t in tokens if t.isupper() and len(t) > 1}
        self._next: dict[str, set[str]] = {}
        for i, token in enumerate(lower):
            self._next.setdefault(token, set()).update(lower[i + 1 : i + 4])
        self._initials = set(_initials(tokens))
        self._flat = _flat(text)

    def supports(self, fact: Fact) -> bool:
        """True if the text contains the fact."""
        match fact:
            case Number():
                known = self._numbers.get(fact.unit, set()) if fact.unit else self._any_number
                return any(_rounded(value) in known for value in fact.values)
            case Date():
                return fact.key in self._dates
            case Name():
                return self._has_name(fact.tokens)
            case _:
                pieces = [_flat(piece) for piece in _ELLIPSIS.split(fact.text)]
                return all(piece in self._flat for piece in pieces if piece.strip())

    def _has_name(self, tokens: tuple[str, ...]) -> bool:
        if len(tokens) > 1 and "".join(t[0] for t in tokens).lower() in self._abbreviations:
            return True  # "United Nations" if the text has "U.N."
        if not all(self._has_word(token) for token in tokens):
            return False
        for left, right in pairwise(token.lower() for token in tokens):
            # A title or a common word may be anywhere ("the president, Ana Roe"); two names may not be mixed.
            free = (left in self._common or right in self._common or left in TITLES) and left not in _DIRECTIONS
            there = left in self._words and right in self._words
            if not free and there and right not in self._next.get(left, ()):
                return False
        return True

    def _has_word(self, token: str) -> bool:
        word = token.lower()
        if token.isupper() and len(token) > 1:
            bare = word.replace(".", "")
            found = bare in self._capitals or bare in self._initials
        else:
            found = word in self._words or word in HONORIFICS
        return found or any(form in self._words for form in (*_SAME.get(word, ()), *_forms(word)))


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def _initials(tokens: Sequence[str]) -> Iterator[str]:
    """Yields possible abbreviations of the names of a text: "fbi" for "Federal Bureau of Investigation"."""
    for i in range(len(tokens)):
        letters = ""
        for other in tokens[i : i + 8]:
            if other[:1].isupper():
                letters += other[0].lower()
                if len(letters) > 1:
                    yield letters
            elif other not in _LINKS:
                break


def _forms(word: str) -> Iterator[str]:
    """Yields other forms of a capitalised word: nationality and country, singular and plural."""
    if len(word) < 4:
        return
    for ending in _ENDINGS:
        yield word + ending
        if word.endswith(ending) and len(word) - len(ending) > 2:
            stem = word[: -len(ending)]
            yield stem
            yield from (stem + other for other in ("a", "e", "y", "ia", "o", "land"))


def _flat(text: str) -> str:
    """Returns only the words of a text, with a space around each, so that quotes are compared by their words."""
    return f" {' '.join(_NOT_WORD.sub(' ', text.translate(_FLAT).replace(chr(39), '')).lower().split())} "
