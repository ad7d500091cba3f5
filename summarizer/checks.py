"""May a rewritten bullet be shown? Holds it against the sentences it was made from.

Numbers, dates, names and quotes are looked up (`facts.py`). What no lookup finds, who did what to whom, is kept by
form: a rewrite may leave things out, but what it keeps must stand in its source in the same order, open where a clause
of the source opens, and not jump from the subject of one clause to the verb of another. A rewrite that breaks these
rules may still be true; it is refused, since nothing here can tell. The rules are those of English news.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import snowballstemmer

from .facts import Date, Fact, Name, Number, facts, measure, numbers
from .known import Known
from .selection import dangles
from .sentences import words
from .summary import Check

_SCOPE = 6
"""Words behind a "not" in which the word that it denies stands."""
SHORTEST = 4
"""Words of the shortest bullet that can be a sentence."""

_TOKEN = re.compile(r"[^\W_]+(?:['’.,-][^\W_]+)*|[^\w\s]")
_FUNCTION = frozenset(
    "a an the of to in on at for by with from as and or but nor so yet is are was were be been being am has have had "
    "do does did will would shall should can could may might must it its this that these those there here he she they "
    "we you i his her hers their theirs our your my me him them us who whom whose which what when where while why how "
    "if than then not no s t also just very too more most after before over under into onto out off up down about "
    "against between through during since until because although though upon per via amid among within without".split()
)
_REPORTS = (
    r"sa(?:id|ys?|ying)|told|tells?|claim(?:s|ed)?|according|alleg\w+|accus\w+|report(?:s|ed|edly)|warn(?:s|ed)?"
    r"|insist(?:s|ed)?|den(?:y|ies|ied)|announc\w+|confirm(?:s|ed)?|add(?:s|ed)|believ\w+|argu(?:es?|ed)|wrote|writes"
    r"|testif\w+|predict(?:s|ed)?|estimat\w+|suggest(?:s|ed)?|thinks?|thought|suspect\w*|tweeted|posted"
)
_REPORT = re.compile(rf"\b(?:{_REPORTS})\b", re.IGNORECASE)
_LABEL = re.compile(r"^[^:]{2,40}:\s")
_UNSURE = frozenset(
    "alleged allegedly accused suspected possible possibly probable probably likely apparent apparently reported "
    "reportedly believed may might could would if unless appeared appears seemed seems potential potentially nearly "
    "almost planned plans plan wants wanted tried tries try attempted expected expects hopes hoped threatened "
    "proposed considering intends intended".split()
)
_CLAIMING = ("alleg", "accus", "suspect", "claim", "believ", "report")
_NEGATIONS = frozenset(
    "not never no none nobody nothing neither nor without cannot denied denies deny denying refused refuses refuse "
    "refusing unable lacks lacked lack".split()
)
_NEGATIONS_BEFORE_TO = frozenset("fail fails failed failing failure decline declines declined declining".split())
_MEASURES = frozenset(["longer", "more", "less", "fewer", "later"])
_OPENERS = frozenset(
    "who whom whose which that when where while after before because as if although though since until unless and but "
    "or so what how why".split()
)
_SAME_SUBJECT = frozenset("who which and but or".split())
_BEFORE_SUBJECT = frozenset(
    "said says say saying told tells that and but or as when while after before because if although though since "
    "until where so than which who whom believe believes believed think thinks thought claims claimed report reported "
    "alleged announced warned confirmed added by".split()
)
_WITHIN_NOUN = frozenset("a an the his her their its of and in more most at no these those some about over".split())
_OPEN_ENDS = frozenset(
    "a an the of to in at for by with from as and or but nor is are was were be been has have had will would their "
    "its your my our who which that than into onto upon per via amid among between during because although though "
    "while when where if whether more most very not no after before".split()
)
_LIGHT = frozenset(
    "due set even still already now later ago again once say amid despite following former new first last next back "
    "people man woman".split()
)
"""What a bullet may say of its own: nobody is wronged by it."""
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
_DEMONYMS = tuple("n an ian s es ese ish i".split())


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    stem: str
    content: bool


class Checker:
    """The checks of the bullets of one article.

    Args:
        article: Its text.
    """

    def __init__(self, article: str) -> None:
        self._stemmer = snowballstemmer.stemmer("english")  # keeps state: one for each checker
        self._stems: dict[str, str] = {}
        self._known = Known(article)
        read = self._read(article)
        self._article = {word.stem for word in read}
        lower = {token for token in _TOKEN.findall(article) if token[:1].islower()}
        self._proper = {word.text for word in read if word.content} - lower

    def __call__(self, bullet: str, sources: str, context: str = "") -> tuple[Check, ...]:
        """Every check of a bullet: one for each fact that it states, and one of each other kind.

        Args:
            bullet: What is to be shown.
            sources: The sentences that it was made from.
            context: The sentence that explains them, if there is one.

        Returns:
            Checks of the kinds "number", "date", "name" and "quote" (a fact that is not in the sources), "words" (a
            word that is nowhere in the article), "negation", "attribution" (a claim or a guess that became a fact),
            "order" (who did what), "alone" (a pronoun without its noun) and "finished".
        """
        return tuple(self.against(sources, context)(bullet))

    def against(self, sources: str, context: str = "") -> Callable[[str], Iterator[Check]]:
        """A function that checks one bullet after another against the same sentences, which are read once; its checks
        come one by one, so that a caller may stop at the first that fails."""
        source, said, near = self._read(sources), Known(sources), Known(f"{sources}\n{context}")
        stems = {word.stem for word in self._read(f"{sources} {context}")}
        given = [number for number in numbers(sources) if not number.vague]

        def checks(bullet: str) -> Iterator[Check]:
            read, stated = self._read(bullet), facts(bullet)
            yield from self._facts(bullet, stated, said, near, stems)
            yield from _measures(bullet, stated, sources, given)
            yield self._words(read, stated)
            yield _negation(read, source)
            yield _attribution(bullet, sources, read, source)
            yield _verdict("alone", "opens with a pronoun or the like" if dangles(bullet) else "")
            yield _verdict("finished", _unfinished(bullet, read))
            yield _order(read, source, bullet, stated)

        return checks

    def content(self, text: str) -> list[str]:
        """The stems of the words of a text that say something, in order."""
        return [word.stem for word in self._read(text) if word.content]

    def _read(self, text: str) -> list[_Word]:
        """The words and marks of a text."""
        found = []
        for match in _TOKEN.finditer(text):
            word = match.group().replace("’", "'")
            lower = word.lower()
            if lower.endswith("n't"):  # "don't", "can't", "won't": what says something is the "not"
                found.append(_Word("not", "not", False))
                continue
            lower = re.sub(r"'s?$", "", lower)
            parts = lower.split("-") if "-" in lower[1:] and not lower[0].isdigit() else [lower]
            for part in filter(None, parts):
                found.append(_Word(part, self._stem(part), part[:1].isalnum() and part not in _FUNCTION))
        return found

    def _stem(self, word: str) -> str:
        if word not in self._stems:
            base = _IRREGULAR.get(word, word)
            self._stems[word] = self._stemmer.stemWord(base)
        return self._stems[word]

    def _facts(self, bullet: str, stated: Sequence[Fact], said: Known, near: Known, stems: set[str]) -> Iterator[Check]:
        for fact in stated:
            holds = (near if isinstance(fact, Name) else said).supports(fact)
            if not holds and isinstance(fact, Name):
                # A name may be given in full where the sources have its last part.
                last = fact.tokens[-1:]
                holds = near.supports(Name("name", last[0], 0, 0, last)) and self._known.supports(fact)
            yield Check(fact.kind, holds, f"{fact.text!r} {'is' if holds else 'is not'} in the sources")
        # A single word that opens a bullet has a capital anyway; the article knows whether it is a name.
        opening = _TOKEN.search(bullet)
        if opening and opening.group()[:1].isupper() and not any(f.start <= opening.start() < f.end for f in stated):
            first = self._read(opening.group())[0]
            if first.text in self._proper and first.stem not in stems:
                yield Check("name", False, f"{opening.group()!r} is not in the sources")

    def _words(self, read: Sequence[_Word], stated: Sequence[Fact]) -> Check:
        looked_up = {w.text for fact in stated if fact.kind != "quote" for w in self._read(fact.text)}
        unknown = [
            w.text
            for w in read
            if w.content and w.text not in looked_up and not w.text[0].isdigit() and not self._has(w)
        ]
        return _verdict("words", f"{', '.join(unknown)}: not in the article" if unknown else "")

    def _has(self, word: _Word) -> bool:
        if word.stem in self._article or len(word.text) < 3 or word.text in _LIGHT or word.stem in _LIGHT:
            return True
        return any(
            word.text.endswith(end) and self._stem(word.text[: -len(end)]) in self._article
            for end in _DEMONYMS
            if len(word.text) - len(end) > 3
        )


def _measures(bullet: str, stated: Sequence[Fact], sources: str, given: Sequence[Number]) -> Iterator[Check]:
    """A number that lost its "about" or its "a year", or got one."""
    for number in stated:
        if isinstance(number, Number):
            mine = measure(bullet, number)
            there = [measure(sources, other) for other in given if set(other.values) & set(number.values)]
            if there and mine not in there:
                wanted, found = " ".join(filter(None, there[0])), " ".join(filter(None, mine))
                yield Check(
                    "number", False, f"{number.text!r} is {wanted or 'bare'} in the sources, and {found or 'bare'} here"
                )


def _verdict(kind: str, fault: str) -> Check:
    return Check(kind, not fault, fault or "nothing found")


def _negations(read: Sequence[_Word]) -> list[int]:
    return [i for i, (word, after, behind) in enumerate(_threes(read)) if _negates(word, after, behind)]


def _threes(read: Sequence[_Word]) -> Iterable[tuple[str, str, str]]:
    texts = [*(word.text for word in read), "", ""]
    return zip(texts, texts[1:], texts[2:], strict=False)


def _negates(word: str, after: str, behind: str) -> bool:
    """Whether a word denies what follows; "not only", "no doubt", "no 10" and "no more than" deny nothing."""
    if word == "no":
        measure = after in _MEASURES and behind == "than"
        return not (after in ("doubt", "matter") or after[:1].isdigit() or measure)
    if word == "not":
        return after not in ("only", "just")
    return word in _NEGATIONS or (word in _NEGATIONS_BEFORE_TO and after == "to")


def _negation(bullet: Sequence[_Word], source: Sequence[_Word]) -> Check:
    """A "not" that was lost or put in. What a negation denies is the next word that says something."""
    there, known = _negations(bullet), _negations(source)
    places = {word.stem: at for at, word in enumerate(source) if word.content}
    for i in there:
        denied = next((w for w in bullet[i + 1 :] if w.content), None)
        at = places.get(denied.stem) if denied else None
        if not known or (denied and at is not None and not any(k < at <= k + _SCOPE for k in known)):
            return _verdict("negation", f"{bullet[i].text!r} is not in the sources")
    stems = {word.stem for word in bullet if word.content}
    denied_there = {w.stem for i in there for w in bullet[i + 1 : i + 1 + _SCOPE]}
    for i in known:
        denied = next((w for w in source[i + 1 : i + _SCOPE] if w.content), None)
        if denied and denied.stem in stems - denied_there:
            return _verdict("negation", f"{source[i].text!r} of {denied.text!r} is lost")
    return _verdict("negation", "")


def _attribution(bullet: str, sources: str, read: Sequence[_Word], source: Sequence[_Word]) -> Check:
    """A claim that lost who makes it, or a guess that became a fact."""
    stems = {word.stem for word in read if word.content}
    for i, word in enumerate(source):
        if word.text in _UNSURE:
            unsure = next((w for w in source[i + 1 : i + 5] if w.content), None)
            if unsure and unsure.stem in stems and not _is_unsure(read, unsure.stem):
                return _verdict("attribution", f"{word.text!r} before {unsure.text!r} is lost")
    if _REPORT.search(bullet) or _LABEL.match(bullet):
        return _verdict("attribution", "")
    for i, word in enumerate(source):
        if _is_report(word):
            around = [*reversed(source[max(0, i - 3) : i]), *source[i + 1 : i + 4]]
            speakers = [w for w in around if w.content]
            if not any(w.stem in stems for w in speakers):
                return _verdict("attribution", f"{word.text!r} and who does are lost")
    return _verdict("attribution", "")


def _is_unsure(bullet: Sequence[_Word], stem: str) -> bool:
    """Whether the word with this stem is called a guess or a plan: "may sail", "Roe to sail", "the alleged sale"."""
    at = next(i for i, word in enumerate(bullet) if word.stem == stem)
    near = bullet[max(0, at - _SCOPE) : at + 4]
    if any(w.text in _UNSURE or w.text.startswith(_CLAIMING) for w in near):
        return True
    return any(w.text == "to" for w in bullet[max(0, at - 2) : at])


def _order(bullet: Sequence[_Word], source: Sequence[_Word], text: str, stated: Sequence[Fact]) -> Check:
    """Whether the bullet is made of its source's pieces in their order, each subject with its own verb."""
    said = list(bullet)
    label = _LABEL.match(text)
    if label:  # "Police: …" names who speaks
        colon = next(i for i, w in enumerate(said) if w.text == ":")
        said = said[colon + 1 :]
    places = _aligned(said, source)
    dated = {w.lower() for fact in stated if isinstance(fact, Date) for w in fact.text.split()}
    stems = {w.stem for w in source}
    for word, place in zip(said, places, strict=True):
        free = _is_report(word) or word.text in dated
        if word.content and place is None and word.stem in stems and not free:
            return _verdict("order", f"{word.text!r} stands elsewhere in the sources")
    content = [(i, p) for i, (w, p) in enumerate(zip(said, places, strict=True)) if w.content and p is not None]
    first = next((i for i, w in enumerate(said) if w.content), -1)
    if content and content[0][0] == first and said[first].text not in dated:
        at = content[0][1]
        while first and places[first - 1] == at - 1:  # the whole piece that the bullet opens with
            first, at = first - 1, at - 1
        fault = _opens_badly(source, at)
        if fault:
            return _verdict("order", fault)
    for (i, p), (j, q) in zip(content, content[1:], strict=False):
        fault = _jumps(said[i + 1 : j], source, p, q)
        if fault:
            return _verdict("order", fault)
    return _verdict("order", "")


def _is_report(word: _Word) -> bool:
    return _REPORT.fullmatch(word.text) is not None


def _opens_badly(source: Sequence[_Word], at: int) -> str:
    """A bullet opens with its subject, so its first word must stand in a subject's place: after the start, a mark, or a
    word that opens a clause; articles and other words of the same noun may stand between."""
    for i in range(at - 1, -1, -1):
        word = source[i].text
        if not word[0].isalnum() or word in _BEFORE_SUBJECT:
            return ""
        if word in _FUNCTION and word not in _WITHIN_NOUN:
            return f"{source[at].text!r} follows {word!r} in the sources: no subject"
        if re.fullmatch(r"\w+(?:ed|ing)", word) and i and source[i - 1].text not in ("a", "an", "the"):
            return f"{source[at].text!r} follows {word!r} in the sources: no subject"
    return ""


def _jumps(between: Sequence[_Word], source: Sequence[_Word], start: int, end: int) -> str:
    """A jump from one clause into another: what is skipped opens a clause with a subject of its own and does not close
    it, and the bullet says nothing that opens one."""
    skipped = source[start + 1 : end]
    if any(w.text in _OPENERS or not w.text[0].isalnum() for w in between):
        return ""
    for k in range(len(skipped) - 1, -1, -1):
        word = skipped[k].text
        if word in (",", "-", "–", "—", ")", ";"):
            return ""
        if word in _OPENERS:
            own = [w for w in skipped[k + 1 :] if w.content and not w.text.endswith("ly")]
            if own and not (word in _SAME_SUBJECT and len(own) < 2 and k == 0):
                return f"{source[end].text!r} belongs to another clause than {source[start].text!r}"
            return ""
    return ""


def _aligned(bullet: Sequence[_Word], source: Sequence[_Word]) -> list[int | None]:
    """Where each word of the bullet stands in the source, in order: the alignment that keeps most words that say
    something, in the longest pieces."""
    n, m = len(bullet), len(source)
    best = [[0.0] * (m + 1) for _ in range(n + 1)]  # of the first i words against the first j
    ends = [[0.0] * (m + 1) for _ in range(n + 1)]  # with the last two matched
    for i in range(n):
        for j in range(m):
            end = 0.0
            if bullet[i].stem == source[j].stem:
                gain = 10.0 if bullet[i].content else 1.0
                end = max(best[i][j] + gain, ends[i][j] + gain + 3.0 if ends[i][j] else 0.0)
            ends[i + 1][j + 1] = end
            best[i + 1][j + 1] = max(best[i][j + 1], best[i + 1][j], end)
    places: list[int | None] = [None] * n
    i, j, run = n, m, False
    while i and j:
        if run or (ends[i][j] and ends[i][j] >= best[i][j]):
            gain = 10.0 if bullet[i - 1].content else 1.0
            places[i - 1] = j - 1
            run = bool(ends[i - 1][j - 1]) and ends[i][j] == ends[i - 1][j - 1] + gain + 3.0
            i, j = i - 1, j - 1
        elif best[i - 1][j] >= best[i][j - 1]:
            i -= 1
        else:
            j -= 1
    return places


def _unfinished(bullet: str, read: Sequence[_Word]) -> str:
    count = len(words(bullet))
    if count < SHORTEST:
        return f"has {count} words"
    last = next((w.text for w in reversed(read) if w.text[0].isalnum()), "")
    if last in _OPEN_ENDS:
        return f"ends in {last!r}"
    if bullet.count('"') % 2 or bullet.count("“") != bullet.count("”") or bullet.count("(") != bullet.count(")"):
        return "opens a quote or a bracket and does not close it"
    stems = [w.stem for w in read]
    if any(a == b and a[0].isalnum() for a, b in zip(stems, stems[1:], strict=False)):
        return "says a word twice"
    return ""
