"""Whether what a bullet states stands in the text it was made from: its numbers, dates, names and quotes.

A text is read once for the facts that it states (`Known`), a bullet is read the same way, and each of its facts is
looked up. Numbers are compared as values with a unit: `3,600` is `3.6 thousand`, `two` is 2, `$25m` is `25 million
dollars`, `half of` is 50%. Used by the library on its own bullets, and by `eval` on anybody's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from .summary import Check

Kind = Literal["number", "date", "name", "quote"]
KINDS: tuple[Kind, ...] = ("number", "date", "name", "quote")


@dataclass(frozen=True, slots=True)
class Fact:
    """Something a text states that can be looked up.

    Attributes:
        kind: "number", "date", "name" or "quote".
        text: The words that state it.
        start: Offset of its first character.
        end: Offset behind its last.
    """

    kind: Kind
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Number(Fact):
    """A number.

    Attributes:
        values: What it may mean: one value, or two where the words leave it open (the 2 of "2 to 3 million").
        unit: "%", a currency sign, or "".
    """

    values: tuple[float, ...]
    unit: str


@dataclass(frozen=True, slots=True)
class Date(Fact):
    """A weekday, a month, or a day of a month.

    Attributes:
        key: "monday", "may" or "may 11".
    """

    key: str


@dataclass(frozen=True, slots=True)
class Name(Fact):
    """Capitalised words that stand together.

    Attributes:
        tokens: The words in lower case, without possessive.
    """

    tokens: tuple[str, ...]


def facts(text: str) -> tuple[Fact, ...]:
    """The facts that a text states, in order of kind and place."""
    return (*_numbers(text), *_dates(text), *_names(text), *_quotes(text))


class Known:
    """What a text states, ready for looking up.

    Args:
        text: An article, or the sentences that a bullet was made from.
    """

    def __init__(self, text: str) -> None:
        self._numbers: dict[str, set[float]] = {}
        for number in _numbers(text):
            for value in number.values:
                self._numbers.setdefault(number.unit, set()).add(_rounded(value))
        self._any_number = set().union(*self._numbers.values()) if self._numbers else set()
        self._dates = {key for date in _dates(text) for key in (date.key, date.key.split()[0])}
        tokens = [_bare(match.group()) for match in _TOKEN.finditer(text)]
        self._words = {token.lower() for token in tokens}
        self._words |= {part for word in self._words for part in (*word.split("-"), word.replace(".", ""))}
        self._lower = {token for token in tokens if token[:1].islower()}
        self._next: dict[str, set[str]] = {}
        names = [token.lower() for token in tokens]
        for i, token in enumerate(names):
            self._next.setdefault(token, set()).update(names[i + 1 : i + 4])
        self._initials = {key for name in _names(text) for key in _initials(name.tokens)}
        self._flat = _flat(text)

    def supports(self, fact: Fact) -> bool:
        """Whether the fact stands in the text."""
        match fact:
            case Number():
                known = self._numbers.get(fact.unit, set()) if fact.unit else self._any_number
                return any(_rounded(value) in known for value in fact.values)
            case Date():
                return fact.key in self._dates
            case Name():
                return self._has_name(fact)
            case _:
                pieces = [_flat(piece) for piece in _ELLIPSIS.split(fact.text)]
                return all(piece in self._flat for piece in pieces if piece.strip())

    def _has_name(self, name: Name) -> bool:
        tokens = name.tokens
        if len(tokens) > 1 and "".join(t[0] for t in tokens) in self._words:
            return True  # "United Nations" where the text has U.N.
        if not all(self._has_word(token) for token in tokens):
            return False
        for left, right in pairwise(tokens):
            # A title or a common word may stand elsewhere ("the president, Ana Roe"); two names may not be mixed.
            free = left in self._lower or right in self._lower or left in _TITLES
            if not free and left in self._words and right in self._words and right not in self._next.get(left, ()):
                return False
        return True

    def _has_word(self, word: str) -> bool:
        if word in self._words or word in self._initials:
            return True
        if any(form in self._words for form in _SAME.get(word, ())):
            return True
        if "-" in word and all(part in self._words for part in word.split("-") if part):
            return True
        return any(form in self._words for form in _forms(word))


def check(bullet: str, known: Known) -> tuple[Check, ...]:
    """One check for each kind of fact that the bullet states; the evidence names what was looked up, and what of it
    does not stand in the text."""
    stated = facts(bullet)
    checks = []
    for kind in KINDS:
        of_kind = [fact for fact in stated if fact.kind == kind]
        if not of_kind:
            continue
        missing = [fact.text for fact in of_kind if not known.supports(fact)]
        found = [fact.text for fact in of_kind if fact.text not in missing]
        parts = [f"found: {'; '.join(found)}"] if found else []
        parts += [f"not in the text: {'; '.join(missing)}"] if missing else []
        checks.append(Check(kind, not missing, ". ".join(parts)))
    return tuple(checks)


def dangles(sentence: str) -> bool:
    """Whether a sentence opens with a pronoun, or "The move", whose noun stands before it."""
    return _DANGLES.match(sentence) is not None


_DANGLES = re.compile(
    r"""^["'“‘(]*(?:
      (?:he|she|they|him|his|hers?|their|theirs|its|these|those|both|such|others|neither|either)\b
    | (?:this|that)\b(?!\ (?:week|month|year|season|summer|spring|autumn|winter|morning|evening|afternoon|decade)\b)
    | it\b(?!\ (?:is|was|will\ be|has\ been|remains|remained|appears|became)
      \ (?:the|a|un|not|still|now|expected|likely))
    | the\ (?:move|decision|ruling|announcement|statement|incident|latter|former|pair|duo|trio|couple|two|three|changes?
      |measures?|man|woman|boy|girl|teenager|suspect)\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)


# Numbers

_ONES = {
    word: float(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
}
_TENS = {w: 10.0 * v for v, w in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
_ORDINALS = {
    word: float(value) for value, word in enumerate("third fourth fifth sixth seventh eighth ninth tenth".split(), 3)
}
_SCALES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "dozen": 12.0}
_SHORT_SCALES = {"k": 1e3, "m": 1e6, "mn": 1e6, "mln": 1e6, "b": 1e9, "bn": 1e9, "tn": 1e12}
_FRACTIONS = {"half": 50.0, "quarter": 25.0, "thirds": 200 / 3, "quarters": 75.0}
_CURRENCIES = {"dollar": "$", "buck": "$", "euro": "€", "pound": "£", "yen": "¥", "rupee": "₹"}

_WORDS = "|".join([*_ONES, *_TENS])
_SCALE = "|".join(_SCALES)
_UNIT = r"""(?:\s?(?P<{0}percent>%|percent\b|per\s?cent\b|percentage\ points?\b)
    |[\s-](?P<{0}money>dollar|buck|euro|pound|rupee|yen)s?\b)?"""
_NUMBER = re.compile(
    rf"""
    (?P<currency>(?:US|A|C|NZ|HK)?\$|[£€¥₹])?\s?
    (?<![A-Za-z\d])(?P<digits>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)
    (?:st|nd|rd|th)?(?:[\s-]?(?P<scale>(?:{_SCALE}|mln|mn|bn|tn|[kmb])\b))?{_UNIT.format("d")}
  | (?P<fraction>\b(?:half|a\ quarter|two[\s-]thirds|three[\s-]quarters)\b)
    (?:\s(?:a|of\ a)\s(?P<of>million|billion|dozen)\b)?
  | \b(?P<words>(?:{_WORDS}|a(?=[\s-](?:{_SCALE})\b))(?:(?:[\s-]|\sand\s)(?:{_WORDS}|{_SCALE})\b)*)\b{_UNIT.format("w")}
  | \b(?P<ordinal>{"|".join(_ORDINALS)})\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_DECADE = re.compile(r"['’]\d\d")
_RANGE = re.compile(r"\s*(?:to|and|or|-|–|—)\s*(?:[$£€¥₹])?$", re.IGNORECASE)


def _numbers(text: str) -> list[Number]:
    found: list[Number] = []
    scales: list[float] = []
    for match in _NUMBER.finditer(text):
        read = _read_number(match)
        if read is None:
            continue
        values, unit, scale = read
        stated = match.group().strip()
        number = Number("number", stated, text.index(stated, match.start()), match.end(), values, unit)
        between = text[found[-1].end : match.start("digits")] if found and match.group("digits") else ""
        if between and _RANGE.fullmatch(between):
            # "2 to 3 million", "$2-3 million", "20 to 25 percent": scale and unit may belong to both.
            last = found[-1]
            wide = (*last.values, *(v * scale for v in last.values)) if scales[-1] == 1 < scale else last.values
            found[-1] = Number("number", last.text, last.start, last.end, wide, last.unit or unit)
            number = Number("number", number.text, number.start, number.end, values, unit or last.unit)
        found.append(number)
        scales.append(scale)
    return found


def _read_number(match: re.Match[str]) -> tuple[tuple[float, ...], str, float] | None:
    """Values, unit and scale; None for what is no number ("one" alone)."""
    if match.group("digits"):
        if _DECADE.fullmatch(match.string[max(0, match.start("digits") - 1) : match.end("digits")]):
            years = float(match.group("digits"))
            return (years, 1900 + years, 2000 + years), "", 1.0
        value = float(match.group("digits").replace(",", ""))
        word = (match.group("scale") or "").lower()
        scale = _SCALES.get(word) or _SHORT_SCALES.get(word, 1.0)
        money = match.group("dmoney")
        unit = "%" if match.group("dpercent") else _CURRENCIES[money.lower()] if money else _sign(match)
        # 400m is a distance or an amount.
        values = (value * scale, value) if word in _SHORT_SCALES and not unit else (value * scale,)
        return values, unit, scale
    if match.group("fraction"):
        share = _FRACTIONS[re.split(r"[\s-]", match.group("fraction").lower())[-1]]
        of = match.group("of")
        return ((share / 100 * _SCALES[of.lower()],), "", 1.0) if of else ((share,), "%", 1.0)
    if match.group("words"):
        words = [w for w in re.split(r"[\s-]+", match.group("words").lower()) if w != "and"]
        if words == ["one"]:
            return None
        value, scale = _spoken(words)
        money = match.group("wmoney")
        return (value,), "%" if match.group("wpercent") else _CURRENCIES[money.lower()] if money else "", scale
    return (_ORDINALS[match.group("ordinal").lower()],), "", 1.0


def _sign(match: re.Match[str]) -> str:
    return (match.group("currency") or "")[-1:]


def _spoken(words: list[str]) -> tuple[float, float]:
    """The value of number words, and the scale they end in: "two hundred and five thousand" is 205,000 and 1,000."""
    total, part = 0.0, 0.0
    for word in words:
        if word in ("hundred", "dozen"):
            part = (part or 1.0) * _SCALES[word]
        elif word in _SCALES:
            total, part = total + (part or 1.0) * _SCALES[word], 0.0
        else:
            part += 1.0 if word == "a" else _ONES.get(word, _TENS.get(word, 0.0))
    last = words[-1]
    return total + part - (1.0 if words[0] == "a" and part > 1 and last not in _SCALES else 0.0), _SCALES.get(last, 1.0)


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


# Dates

_MONTHS = "january february march april may june july august september october november december".split()
_MONTH = (
    r"Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)|Apr(?:il|\.)?|May|June?|July?|Aug(?:ust|\.)?|Sept?(?:ember|\.)?"
    r"|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?"
)
_DATE = re.compile(
    rf"""
    \b(?P<weekday>(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)s?\b
  | \b(?P<month1>{_MONTH})\s(?P<day1>\d{{1,2}})(?:st|nd|rd|th)?\b(?![,.]?\d)
  | \b(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?\s(?:of\s)?(?P<month2>{_MONTH})(?!\w)
  | \b(?P<sure>January|February|April|June|July|August|September|October|November|December)\b
  | (?<=\b)(?:in|since|until|by|last|next|early|late|mid|this|of|from|to|through|before|after|during)[\s-]
    (?P<likely>March|May)\b(?!\s[a-z]+ed\b)
  | \b(?P<dated>March|May)\s(?=(?:19|20)\d\d\b)
    """,
    re.VERBOSE,
)


def _dates(text: str) -> list[Date]:
    found = []
    for match in _DATE.finditer(text):
        groups = match.groupdict()
        if groups["weekday"]:
            key = groups["weekday"].lower()
        else:
            month = next(groups[g] for g in ("month1", "month2", "sure", "likely", "dated") if groups[g])
            key = next(m for m in _MONTHS if m.startswith(month.lower().rstrip(".")[:3]))
            day = groups["day1"] or groups["day2"]
            key += f" {int(day)}" if day else ""
        found.append(Date("date", match.group(), match.start(), match.end(), key))
    return found


# Names

_TOKEN = re.compile(r"(?:[^\W\d_]\.){2,}|(?:Mc|Mac|O['’]|[^\W\d_]['’])?[^\W_]+(?:[-'’][^\W_]+)*")
_RUN = re.compile(r"(?: |\. |-)?")
_STARTS = re.compile(r"(?:^|[.!?:;]['\"’”)]*\s+|\n)\s*['\"‘“(]*$")
_TITLES = frozenset(
    "president mr mrs ms dr sir dame lord lady king queen prince princess pope minister senator sen governor gov judge "
    "justice general gen colonel col captain capt lieutenant lt sergeant sgt chief officer mayor congressman rep "
    "representative professor prof coach director secretary chancellor ambassador sheriff detective former new north "
    "south east west northern southern eastern western national".split()
)
_NO_NAMES = frozenset(
    "i i'm i've i'd i'll ok tv monday tuesday wednesday thursday friday saturday sunday january february march april "
    "may june july august september october november december mondays tuesdays wednesdays thursdays fridays saturdays "
    "sundays".split()
)
_OPENERS = frozenset(
    "a about after all although an and another are as at because before both but by can despite during each even "
    "every few five for four from he her his how if in into is it its last like many more most new no nearly next not "
    "now of on one only or other our over report she since six so some source sources still ten than that the their "
    "there these they this those three though to two under unlike until update we what when where which "
    "while who why will with without would you your was were did do does has have had should could".split()
)
_SPEAKS = re.compile(r":|['’]s\b|\s(?:says|said|tells|told|calls|called|adds|wrote|writes|denies|denied)\b")
_SAME = {
    "us": ("u.s", "usa", "u.s.a", "america", "american", "states"),
    "u.s": ("us", "usa", "america", "american", "states"),
    "america": ("u.s", "us", "states"),
    "american": ("u.s", "us", "states"),
    "americans": ("u.s", "us", "states"),
    "uk": ("u.k", "britain", "british", "kingdom"),
    "u.k": ("uk", "britain", "british", "kingdom"),
    "britain": ("u.k", "uk", "british", "kingdom"),
    "british": ("u.k", "uk", "britain", "kingdom"),
    "french": ("france",),
    "france": ("french",),
    "dutch": ("netherlands",),
    "netherlands": ("dutch",),
    "spanish": ("spain",),
    "spain": ("spanish",),
    "germany": ("german", "germans"),
    "greek": ("greece",),
    "greece": ("greek", "greeks"),
    "swiss": ("switzerland",),
    "danish": ("denmark",),
    "polish": ("poland",),
    "irish": ("ireland",),
    "scottish": ("scotland",),
    "welsh": ("wales",),
    "thai": ("thailand",),
    "norwegian": ("norway",),
    "turkish": ("turkey",),
    "governor": ("gov",),
    "gov": ("governor",),
    "senator": ("sen",),
    "sen": ("senator",),
    "senators": ("sens",),
    "representative": ("rep",),
    "rep": ("representative", "congressman", "congresswoman"),
    "doctor": ("dr",),
    "dr": ("doctor",),
    "general": ("gen",),
    "gen": ("general",),
    "lieutenant": ("lt",),
    "lt": ("lieutenant",),
    "sergeant": ("sgt",),
    "sgt": ("sergeant",),
    "saint": ("st",),
    "st": ("saint",),
    "mount": ("mt",),
    "mt": ("mount",),
}
_ENDINGS = (
    "s",
    "es",
    "n",
    "an",
    "ian",
    "ans",
    "ians",
    "i",
    "is",
    "ese",
    "ish",
    "er",
    "ers",
    "al",
    "ic",
    "d",
    "ed",
    "ing",
    "land",
)


def _bare(token: str) -> str:
    """A token without its possessive, and an abbreviation without its last full stop."""
    token = re.sub(r"['’]s?$|['’]$", "", token)
    return token.replace("’", "'").rstrip(".")


def _names(text: str) -> Iterator[Name]:
    run: list[re.Match[str]] = []
    for match in _TOKEN.finditer(text):
        token = match.group()
        bare = _bare(token).lower()
        capital = token[:1].isupper() and bare not in _NO_NAMES
        joined = bool(run) and _RUN.fullmatch(text[run[-1].end() : match.start()]) is not None
        ends = bool(run) and run[-1].group().endswith(("'s", "’s", "s'", "s’"))
        if run and not (capital and joined and not ends):
            yield from _name(text, run)
            run = []
        if capital:
            run.append(match)
    if run:
        yield from _name(text, run)


def _name(text: str, run: list[re.Match[str]]) -> Iterator[Name]:
    start = run[0].start()
    if not start or _STARTS.search(text[max(0, start - 8) : start]):
        # Every sentence opens with a capital. What tells a name is another behind it, or that somebody speaks.
        if len(run) == 1 and not _SPEAKS.match(text, run[0].end()) and not run[0].group().isupper():
            return
        if _bare(run[0].group()).lower() in _OPENERS:
            run = run[1:]
    if run:
        start, end = run[0].start(), run[-1].end()
        yield Name("name", text[start:end], start, end, tuple(_bare(m.group()).lower() for m in run))


def _initials(tokens: tuple[str, ...]) -> Iterator[str]:
    """The abbreviations that a name may go by."""
    if len(tokens) > 1:
        letters = "".join(token[0] for token in tokens)
        yield letters
        yield ".".join(letters)


def _forms(word: str) -> Iterator[str]:
    """Other forms of a capitalised word: a people and its land, one and many."""
    if len(word) < 4:
        return
    for ending in _ENDINGS:
        yield word + ending
        if word.endswith(ending) and len(word) - len(ending) > 2:
            stem = word[: -len(ending)]
            yield stem
            yield from (stem + other for other in ("a", "e", "y", "ia", "o", "land"))


# Quotes

_QUOTE = re.compile(
    r"""“(?P<curly>[^”\n]+)”|"(?P<straight>[^"\n]+)"|(?<!\w)[‘'](?P<single>(?:[^'’‘\n]|(?<=\w)['’](?=\w))+)['’](?!\w)"""
)
_ELLIPSIS = re.compile(r"\s*(?:\.\.\.|…|\[[^\]]*\])\s*")
_FLAT = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "-"})
_NOT_WORD = re.compile(r"[^\w%$£€]+")


def _quotes(text: str) -> list[Fact]:
    found = []
    for match in _QUOTE.finditer(text):
        group = next(g for g in ("curly", "straight", "single") if match.group(g))
        found.append(Fact("quote", match.group(group), match.start(group), match.end(group)))
    return found


def _flat(text: str) -> str:
    """A text as its words alone, a space around each: quotes are compared by their words."""
    return f" {' '.join(_NOT_WORD.sub(' ', text.translate(_FLAT).replace(chr(39), '')).lower().split())} "
