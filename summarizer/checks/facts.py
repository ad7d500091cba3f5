"""Finds the facts of a text that can be looked up: numbers, dates, names and quotes.

Numbers are read as values with a unit: `3,600` is `3.6 thousand`, `two` is 2, `$25m` is `25 million dollars`, `half of`
is 50%. `fact_index.py` looks facts up in another text, and `checker.py` makes the checks of a point. The rules are made
for English news.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

FactKind = Literal["number", "date", "name", "quote"]
FACT_KINDS: tuple[FactKind, ...] = ("number", "date", "name", "quote")


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact that can be looked up.

    Attributes:
        kind: "number", "date", "name" or "quote".
        text: The words that state it.
        start: Offset of its first character.
        end: Offset after its last character.
    """

    kind: FactKind
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Number(Fact):
    """A number.

    Attributes:
        values: Its possible values: one, or several if the words are ambiguous (the 2 of "2 to 3 million").
        unit: "%", a currency sign, or "".
        vague: True for "one", "first" and "second", which often do not state a number.
    """

    values: tuple[float, ...]
    unit: str
    vague: bool = False


@dataclass(frozen=True, slots=True)
class Date(Fact):
    """A weekday, a month, or a day of a month.

    Attributes:
        key: "monday", "may" or "may 11".
    """

    key: str


@dataclass(frozen=True, slots=True)
class Name(Fact):
    """Consecutive capitalised words.

    Attributes:
        tokens: The words in lower case, without possessive and accents. A word in all capitals keeps them ("US").
    """

    tokens: tuple[str, ...]


def facts(text: str) -> tuple[Fact, ...]:
    """Returns the facts that a text states, ordered by kind, then by position. Every sentence starts with a capital, so
    a single capitalised word there is a name only if it is in all capitals, or if a colon, a possessive or a reporting
    verb follows ("Roe: …", "Roe says"). Vague numbers are left out."""
    sure = (number for number in numbers(text) if not number.vague)
    return (*sure, *dates(text), *_names(text), *_quotes(text))


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
    w: float(v) for v, w in enumerate("first second third fourth fifth sixth seventh eighth ninth tenth".split(), 1)
}
_BIG = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_SCALES = {"hundred": 1e2, "dozen": 12.0} | _BIG
_SHORT_SCALES = {"k": 1e3, "m": 1e6, "mn": 1e6, "mln": 1e6, "b": 1e9, "bn": 1e9, "tn": 1e12}
_PARTS_OF = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "tenth": 10}
_CURRENCIES = {"dollar": "$", "buck": "$", "euro": "€", "pound": "£", "yen": "¥", "rupee": "₹"}

_ORDINAL = "|".join(_ORDINALS)
_SMALL = rf"(?:(?:{'|'.join(_TENS)})(?:[\s-](?:{'|'.join(list(_ONES)[1:10])})\b)?|(?:{'|'.join(_ONES)}))"
_BASE = rf"(?:(?:{_SMALL}|a)[\s-]hundred\b(?:\s(?:and\s)?{_SMALL})?|{_SMALL}|a(?=[\s-](?:{'|'.join(_BIG)}|dozen)\b))"
_BIGS = "|".join(_BIG)
_UNIT = r"""(?:\s?(?P<{0}percent>%|percent\b|per\s?cent\b|percentage\ points?\b)
    |[\s-](?P<{0}money>dollar|buck|euro|pound|rupee|yen)s?\b)?"""
_NUMBER = re.compile(
    rf"""
    (?P<currency>(?:US|A|C|NZ|HK)?\$|[£€¥₹])?\s?
    (?<![A-Za-z\d])(?P<digits>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)
    (?:st|nd|rd|th)?(?:[\s-]?(?P<scale>(?:{_BIGS}|hundred|dozen|mln|mn|bn|tn|[kmb])\b))?{_UNIT.format("d")}
  | \b(?:(?P<count>a|one|two|three|four)[\s-](?P<part>third|quarter|fourth|fifth|tenth)s?
      |(?<!first\ )(?<!second\ )(?P<half>half)(?=\s(?:of|the|its|their|all|a|an)\b))
    (?:\s(?:of\s)?a\s(?P<of>{_BIGS}|dozen))?\b
  | \b(?P<words>{_BASE}(?:\sand\sa\shalf)?
      (?:[\s-](?:{_BIGS})\b(?:\s(?:and\s)?{_BASE}(?:[\s-](?:{_BIGS})\b)?)*)?(?:\sdozen)?)\b(?!-(?:{_ORDINAL})\b)
      {_UNIT.format("w")}
  | \b(?:(?P<tens>{"|".join(_TENS)})-)?(?P<ordinal>{_ORDINAL})\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_TO = re.compile(r"\s*(?:to|or|-|–|—)\s*(?:[$£€¥₹])?$", re.IGNORECASE)
_AND = re.compile(r"\s*and\s*(?:[$£€¥₹])?$", re.IGNORECASE)
_BETWEEN = re.compile(r"\bbetween\s*(?:[$£€¥₹])?$", re.IGNORECASE)
_DECADE = re.compile(r"['’]\d\d")
_VAGUE = frozenset(["one", "first", "second"])


def numbers(text: str) -> list[Number]:
    """Returns the numbers of a text, in order, including vague ones."""
    found: list[Number] = []
    scales: list[float] = []
    for match in _NUMBER.finditer(text):
        values, unit, scale = _read_number(match)
        stated = match.group().strip()
        start = text.index(stated, match.start())
        number = Number("number", stated, start, start + len(stated), values, unit, stated.lower() in _VAGUE)
        if found and match.group("digits") and _is_range(text, found[-1], match.start("digits")):
            last = found[-1]
            if last.values[0] < values[0]:
                # "2 to 3 million", "20 to 25 percent": scale and unit may belong to both.
                wide = (*last.values, *(v * scale for v in last.values)) if scales[-1] == 1 < scale else last.values
                found[-1] = replace(last, values=wide, unit=last.unit or unit)
            if not unit and last.unit not in ("", "%"):
                number = replace(number, unit=last.unit)  # "$2 to 3 million"
        found.append(number)
        scales.append(scale)
    return found


def _is_range(text: str, last: Number, digits: int) -> bool:
    between = text[last.end : digits]
    if _AND.fullmatch(between):
        return _BETWEEN.search(text[max(0, last.start - 12) : last.start]) is not None
    return _TO.fullmatch(between) is not None


def _read_number(match: re.Match[str]) -> tuple[tuple[float, ...], str, float]:
    """Returns the values, the unit and the scale of a number."""
    group = {name: value.lower() if value else "" for name, value in match.groupdict().items()}
    if group["digits"]:
        value = float(group["digits"].replace(",", ""))
        if _DECADE.fullmatch(match.string[max(0, match.start("digits") - 1) : match.end("digits")]):
            return (value, 1900 + value, 2000 + value), "", 1.0
        scale = _SCALES.get(group["scale"]) or _SHORT_SCALES.get(group["scale"], 1.0)
        unit = "%" if group["dpercent"] else _CURRENCIES.get(group["dmoney"], group["currency"][-1:])
        # "400m" is 400 metres or 400 million.
        both = group["scale"] in _SHORT_SCALES and not unit
        return (value * scale, value) if both else (value * scale,), unit, scale
    if group["part"] or group["half"]:
        share = (_ONES.get(group["count"], 1.0)) / _PARTS_OF[group["part"] or "half"]
        if group["of"]:
            return (share * _SCALES[group["of"]],), "", 1.0
        percent = 100 * share
        return (percent, float(round(percent)), round(percent, 1), float(int(percent))), "%", 1.0
    if group["ordinal"]:
        return (_TENS.get(group["tens"], 0.0) + _ORDINALS[group["ordinal"]],), "", 1.0
    value, scale = _spoken(re.split(r"[\s-]+", group["words"]))
    return (value,), "%" if group["wpercent"] else _CURRENCIES.get(group["wmoney"], ""), scale


def _spoken(words: list[str]) -> tuple[float, float]:
    """Returns the value of number words, and the scale of the last word: "two hundred and five thousand" is 205,000 and
    1,000."""
    total, part = 0.0, 0.0
    for word in words:
        if word in ("hundred", "dozen"):
            part = (part or 1.0) * _SCALES[word]
        elif word in _BIG:
            total, part = total + (part or 1.0) * _BIG[word], 0.0
        elif word == "half":
            part += 0.5
        else:
            part += _ONES.get(word, _TENS.get(word, 0.0))
    return total + part, _SCALES.get(words[-1], 1.0)


_BOUNDS = {
    "about": r"about|around|roughly|approximately|nearly|almost|some|approaching|close to|just under|just over",
    "under": r"under|below|up to|as (?:many|much) as|at most|(?:no|not) more than|(?:less|fewer) than",
    "over": r"over|above|exceeding|topping|at least|more than|no (?:less|fewer) than|as few as|upwards of",
}
_ANY_BOUND = "|".join(f"(?P<{name}>{words})" for name, words in _BOUNDS.items())
_BOUND = re.compile(rf"\b(?:{_ANY_BOUND})\s+(?:(?:an?|the)\s+)?(?:estimated\s+)?$", re.IGNORECASE)
_BOUND_BEHIND = re.compile(r"\s?(?:[^\W\d]\w+\s){0,2}?or\s(?:(?P<about>so)|(?P<over>more)|(?P<under>less|fewer))\b")
_RATE = re.compile(
    r"[\s-]*(?:(?!(?:but|and|or|in|for|after|over)\b)[^\W\d][\w-]*\s+){0,3}?(?:an?|per|each|every)[\s-]"
    r"(?P<rate>second|minute|hour|day|night|week|month|quarter|season|year|decade|kilomet(?:re|er)|mile|kilogram|tonne"
    r"|ton|gallon|lit(?:re|er)|barrel|head|person|household)\b",
    re.IGNORECASE,
)


def bound_and_rate(text: str, number: Number) -> tuple[str, str]:
    """Returns the bound of a number ("about", "under" or "over") and its rate (the unit after "a" or "per"), each "" if
    there is none: ("about", "") for "some 40", ("over", "year") for "at least 40 tons a year", ("", "") for a bare
    40."""
    bound = _BOUND.search(text[max(0, number.start - 40) : number.start])
    bound = bound or _BOUND_BEHIND.match(text[number.end : number.end + 40])
    rate = _RATE.match(text[number.end : number.end + 60])
    return (bound.lastgroup or "") if bound else "", rate["rate"].lower() if rate else ""


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


def dates(text: str) -> list[Date]:
    """Returns the weekdays, months and days of months in a text, in order."""
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

NAME_TOKEN = re.compile(r"(?:[^\W\d_]\.){2,}|(?:Mc|Mac|O['’]|[^\W\d_]['’])?[^\W_]+(?:[-'’][^\W_]+)*")
_STARTS = re.compile(r"(?:^|[.!?:;]['\"’”)]*\s+|\n)\s*['\"‘“(]*$")
_SPEAKS = re.compile(r":|['’]s\b|\s(?:says|said|tells|told|calls|called|adds|wrote|writes|denies|denied)\b")
HONORIFICS = frozenset("mr mrs ms miss mx dr sir dame".split())
TITLES = HONORIFICS | frozenset(
    "president lord lady king queen prince princess pope minister senator sen governor gov judge justice general gen "
    "colonel col captain capt lieutenant lt sergeant sgt chief officer mayor congressman rep representative professor "
    "prof coach director secretary chancellor ambassador sheriff detective former new national".split()
)
_ABBREVIATED = TITLES | frozenset("st mt ft jr sr".split())
_MONTH_NAMES = frozenset([*_MONTHS, *"jan feb mar apr jun jul aug sep sept oct nov dec".split()])
_DAY_NAMES = frozenset(
    f"{day}{end}" for day in "mon tues wednes thurs fri satur sun".split() for end in ("day", "days")
) | frozenset("mon tue tues wed thu thurs fri".split())
_NO_NAMES = frozenset("i i'm i've i'd i'll ok tv".split()) | _DAY_NAMES
OPENERS = frozenset(
    "a about after all although an and another are as at because before both but by can despite during each even "
    "every few five for four from he her his how if in into is it its last like many more most new no nearly next not "
    "now of on one only or other our over report she since six so some source sources still ten than that the their "
    "there these they this those three though to two under unlike until update we what when where which while who why "
    "will with without would you your was were did do does has have had should could yet however meanwhile "
    "instead once perhaps maybe then nor or again also thus therefore indeed still besides moreover".split()
)


@lru_cache(1 << 16)
def _bare(token: str) -> str:
    """Returns a token without its possessive, its accents and the last full stop of an abbreviation."""
    token = re.sub(r"['’]s?$|['’]$", "", token).replace("’", "'").rstrip(".")
    return "".join(c for c in unicodedata.normalize("NFKD", token) if not unicodedata.combining(c))


def parts(token: str) -> list[str]:
    """Returns the words of a token: "Mary-Kate" has two."""
    return [part for part in _bare(token).split("-") if part]


def _names(text: str) -> Iterator[Name]:
    run: list[re.Match[str]] = []
    for match in NAME_TOKEN.finditer(text):
        token = match.group()
        gap = text[run[-1].end() : match.start()] if run else ""
        joined = bool(run) and (gap in ("", " ", "-") or (gap == ". " and _abbreviated(run[-1].group())))
        if run and run[-1].group().endswith(("'s", "’s", "s'", "s’")):
            joined = False
        capital = token[:1].isupper() and _may_be_name(text, match, joined)
        if run and not (capital and joined):
            yield from _name(text, run)
            run = []
        if capital:
            run.append(match)
    if run:
        yield from _name(text, run)


def _may_be_name(text: str, match: re.Match[str], joined: bool) -> bool:
    bare = _bare(match.group()).lower()
    if bare in _MONTH_NAMES:  # "Theresa May" is a name, "May 11" is not
        return joined and re.match(r"\.?\s\d", text[match.end() : match.end() + 3]) is None
    return bare not in _NO_NAMES


def _abbreviated(token: str) -> bool:
    return len(token) == 1 or _bare(token).lower() in _ABBREVIATED


def _name(text: str, run: list[re.Match[str]]) -> Iterator[Name]:
    start = run[0].start()
    if not start or _STARTS.search(text[max(0, start - 8) : start]):
        # Every sentence starts with a capital. A single word there is a name only if somebody speaks, or if it is in
        # all capitals.
        if len(run) == 1 and not _SPEAKS.match(text, run[0].end()) and not run[0].group().isupper():
            return
        if _bare(run[0].group()).lower() in OPENERS:
            run = run[1:]
    tokens = [part if part.isupper() else part.lower() for match in run for part in parts(match.group())]
    if tokens:
        start, end = run[0].start(), run[-1].end()
        yield Name("name", text[start:end], start, end, tuple(tokens))


# Quotes

QUOTED = re.compile(r"“[^”]*”|\"[^\"]*\"|‘(?:[^’]|’(?=\w))*’")
"""Quoted text, including its quotation marks."""
QUOTE = re.compile(
    r"""“(?P<curly>[^”\n]+)”|"(?P<straight>[^"\n]+)"|(?<!\w)[‘'](?P<single>(?:[^'’‘\n]|(?<=\w)['’](?=\w))+)['’](?!\w)"""
)


def _quotes(text: str) -> list[Fact]:
    found = []
    for match in QUOTE.finditer(text):
        group = next(g for g in ("curly", "straight", "single") if match.group(g))
        found.append(Fact("quote", match.group(group), match.start(group), match.end(group)))
    return found
