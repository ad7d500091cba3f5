"""Words of a text with their stems, and what English words do: which say something, and which say who says it."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from threading import local

import snowballstemmer

from .facts import QUOTE

_NOT_SPEAKING = frozenset(
    "alleged allegedly alleging accused accusing suspected suspect suspects estimated estimate reportedly reported "
    "believed believing report reports announcement announcements allegation allegations".split()
)
_NOUNS = frozenset(
    "death dead speech growth sale flight choice life lives men women children people wives feet yearly killer us "
    "arrestee".split()
)
"""Forms that share a stem with a verb, or an irregular plural, and are no verbs."""
_UNMARKED = frozenset(
    "cost hit put let shut quit show need want hold make take give get go seek expect remain live begin come find keep "
    "lose pay send try".split()
)
"""Verbs whose form does not tell: the past of some, the plural of others."""
TOKEN = re.compile(r"[^\W_]+(?:['’.,-][^\W_]+)*|[^\w\s]")
FUNCTION = frozenset(
    "a an the of to in on at for by with from as and or but nor so yet is are was were be been being am has have had "
    "do does did will would shall should can could may might must it its this that these those there here he she they "
    "we you i his her hers their theirs our your my me him them us who whom whose which what when where while why how "
    "if than then not no s t also just very too more most after before over under into onto out off up down about "
    "against between through during since until because although though upon per via amid among within without".split()
)
AUXILIARIES = frozenset("is are was were has have had will would can could may might must do does did".split())
SUBORDINATE = frozenset("when while after before although though as because if since until unless once whether".split())
PREPOSITIONS = frozenset("in on at with by for from during amid despite instead under following through among".split())
QUOTE_MARKS = frozenset("\"'“”‘’")
MARKS = frozenset(",;:-–—()")
BREAKS = frozenset(":-–—")
ENDS = frozenset(".!?")
STOPS = frozenset(".!?;")
LABEL = re.compile(r"^[^:]{2,40}:\s")
"""Who speaks, in front: "Police: "."""
LINKS = (PREPOSITIONS - {"under"}) | frozenset("to of into within against between without upon onto as".split())
GOALS = frozenset("in into on onto at to from".split())
SUBJECTS = frozenset("i he she it they we you".split())
RELATIVES = frozenset("who whom whose which that".split())
PAUSES = frozenset("-–—()")
ADVERBS = frozenset(
    "now still today yesterday tomorrow later earlier soon ever again always often never eventually once twice even "
    "already monday tuesday wednesday thursday friday saturday sunday".split()
)
"""They may stand between a noun and its verb."""
ARTICLES = frozenset(["a", "an"])
_REPORTS = (
    r"sa(?:id|ys?|ying)|told|tells?|claim(?:s|ed)?|according|alleg(?:es?|ed|edly|ing|ations?)|accus\w+|report(?:s|ed|edly)|warn(?:s|ed)?"
    r"|insist(?:s|ed)?|den(?:y|ies|ied)|announc\w+|confirm(?:s|ed)?|add(?:s|ed)|believ\w+|argu(?:es?|ed)|wrote|writes"
    r"|testif\w+|predict(?:s|ed)?|estimat\w+|suggest(?:s|ed)?|thinks?|thought|suspect\w*|tweeted|posted"
    r"|conclud(?:es?|ed)|not(?:es|ed)|explain(?:s|ed)|acknowledg(?:es?|ed)|admit(?:s|ted)?|reveal(?:s|ed)"
    r"|disclos(?:es|ed)|caution(?:s|ed)|complain(?:s|ed)|assert(?:s|ed)|contend(?:s|ed)|hint(?:s|ed)"
)
REPORT = re.compile(rf"\b(?:{_REPORTS})\b", re.IGNORECASE)
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
"""Forms that the stemmer does not bring together, by the one that stands for all."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word, or a mark.

    Attributes:
        text: In lower case, without possessive.
        stem: What its forms have in common.
        content: Whether it says something: no mark, no article, no "of".
        quoted: Whether it stands in quotation marks.
        capital: Whether it is written with a capital.
    """

    text: str
    stem: str
    content: bool
    quoted: bool = False
    capital: bool = False

    @property
    def reports(self) -> bool:
        """Whether it says that somebody says something."""
        return REPORT.fullmatch(self.text) is not None

    @property
    def says(self) -> bool:
        """Whether it says that somebody speaks: "said" or "alleges", and not "alleged", which may be an adjective."""
        return self.reports and self.text not in _NOT_SPEAKING

    @property
    def verbal(self) -> bool:
        """Whether it looks like a verb, above all like the past of one."""
        if self.text in _NOUNS:
            return False
        changed = _IRREGULAR.get(self.text, self.text) != self.text
        return self.text in _UNMARKED or changed or (len(self.text) > 3 and self.text.endswith("ed"))

    @property
    def is_mark(self) -> bool:
        """Whether it is punctuation."""
        return not self.text[0].isalnum()


class _Stemmer(local):
    """The stemmer keeps state, so each thread has its own."""

    def __init__(self) -> None:
        self.stem = snowballstemmer.stemmer("english").stemWord


_STEMMER = _Stemmer()


@lru_cache(1 << 16)
def stem(word: str) -> str:
    """The stem of a word in lower case; kept, since an archive says the same words again and again."""
    return str(_STEMMER.stem(_IRREGULAR.get(word, word)))


class Reader:
    """Reads texts into words."""

    def __call__(self, text: str) -> list[Word]:
        """The words and marks of a text, in order; "well-known" is two words."""
        quotes = [match.span() for match in QUOTE.finditer(text)]
        openings = [start for start, _ in quotes]
        found = []
        for match in TOKEN.finditer(text):
            before = bisect_left(openings, match.start())  # quotes that open before it; the last may hold it
            quoted = before > 0 and match.start() < quotes[before - 1][1] - 1
            capital = match.group()[0].isupper()
            lower = match.group().replace("’", "'").lower()
            if lower.endswith("n't"):  # "don't", "can't", "won't": what says something is the "not"
                found.append(Word("not", "not", False, quoted))
                continue
            lower = re.sub(r"'s?$", "", lower)
            parts = lower.split("-") if "-" in lower[1:] and not lower[0].isdigit() else [lower]
            for part in filter(None, parts):
                found.append(Word(part, stem(part), part[:1].isalnum() and part not in FUNCTION, quoted, capital))
        return found
