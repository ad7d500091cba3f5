"""Splits a text into stems."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from threading import local

import snowballstemmer

TOKEN = re.compile(r"[^\W_]+(?:['’.,-][^\W_]+)*|[^\w\s]")
_FUNCTION = frozenset(
    "a an the of to in on at for by with from as and or but nor so yet is are was were be been being am has have had "
    "do does did will would shall should can could may might must it its this that these those there here he she they "
    "we you i his her hers their theirs our your my me him them us who whom whose which what when where while why how "
    "if than then not no s t also just very too more most after before over under into onto out off up down about "
    "against between through during since until because although though upon per via amid among within without".split()
)
_IRREGULAR = {
    form: forms.split()[0]
    for forms in (
        "die death dead dying, be is are was were been, say said, tell told, free freed, win won, lose lost loss, "
        "find found, hold held, take took taken, make made, give gave given, get got gotten, leave left, meet met, "
        "pay paid, run ran, see saw seen, send sent, shoot shot, steal stole stolen, strike struck, teach taught, "
        "think thought, throw threw thrown, wear wore worn, write wrote written, begin began begun, break broke "
        "broken, bring brought, build built, buy bought, catch caught, choose chose chosen choice, come came, deal "
        "dealt, draw drew drawn, drive drove driven, eat ate eaten, fall fell fallen, feel felt, fight fought, fly "
        "flew flown flight, forget forgot forgotten, go went gone, grow grew grown growth, hear heard, hide hid "
        "hidden, keep kept, know knew known, lay laid, lead led, lend lent, mean meant, ride rode ridden, rise rose "
        "risen, sell sold sale, shake shook shaken, sing sang sung, sink sank sunk, sit sat, speak spoke spoken "
        "speech, spend spent, stand stood, swear swore sworn, sweep swept, swim swam swum, tear tore torn, "
        "understand understood, wake woke woken, withdraw withdrew withdrawn, flee fled, bear bore born, seek "
        "sought, bid bade, bite bit bitten, blow blew blown, burn burnt, become became, overcome overcame, undergo "
        "underwent, man men, woman women, child children, person people, wife wives, life lives, foot feet, year "
        "yearly, u.s us, kill killer, arrest arrestee"
    ).split(", ")
    for form in forms.split()
}
"""Maps irregular forms, which the stemmer does not unite, to one form each."""


class _Stemmer(local):
    """The stemmer keeps state, so each thread has its own."""

    def __init__(self) -> None:
        self.stem = snowballstemmer.stemmer("english").stemWord


_STEMMER = _Stemmer()


@lru_cache(1 << 16)
def _stem(word: str) -> str:
    """Returns the stem of a lower-case word. Cached, since an archive repeats the same words."""
    return str(_STEMMER.stem(_IRREGULAR.get(word, word)))


def read(text: str) -> list[str]:
    """Returns the stems of a text's words, and its punctuation marks, in order. "well-known" is two words, "don't" is
    "not"."""
    return [stem for _, stem in _read(text)]


def stems(text: str) -> list[str]:
    """Returns the stems of the content words, in order: no punctuation, no function words such as "the" or "of"."""
    return [stem for word, stem in _read(text) if word[0].isalnum() and word not in _FUNCTION]


def _read(text: str) -> Iterator[tuple[str, str]]:
    for token in TOKEN.findall(text):
        lower = token.replace("’", "'").lower()
        if lower.endswith("n't"):  # "don't", "can't", "won't": only the "not" matters
            yield "not", "not"
            continue
        lower = re.sub(r"'s?$", "", lower)
        parts = lower.split("-") if "-" in lower[1:] and not lower[0].isdigit() else [lower]
        for part in filter(None, parts):
            yield part, _stem(part)
