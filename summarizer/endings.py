"""Is a rewrite one whole sentence? It must have its verb, and end where its source could have ended."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from .clauses import Places
from .lexicon import (
    ADVERBS,
    ARTICLES,
    AUXILIARIES,
    ENDS,
    GOALS,
    MARKS,
    PAUSES,
    PREPOSITIONS,
    QUOTE_MARKS,
    RELATIVES,
    SUBORDINATE,
    Word,
)
from .sentences import split, words

_MAY_FOLLOW = frozenset(
    "where when while after before because since although though during amid despite following including saying "
    "according via beyond except upon last this next today tonight yesterday tomorrow early late and by at against "
    "monday tuesday wednesday thursday friday saturday sunday".split()
)
"""Words that open what may be left out at the end."""
_OF_A_DOER = frozenset("by at against and".split())
_SINCE = frozenset("after before since ago later".split())
_TIMES = frozenset("second minut hour day week month year decad centuri".split())
_OF_A_NAME = frozenset("in on at from".split())
"""They may open what is left out where a name or a date follows; before another word they may open what the verb asks
for: "human remains in his stove"."""
_COUNTS = frozenset("one two three four five six seven eight nine ten dozen".split())
_TURNS = frozenset("but and while though although because".split())
_OPENING = 8
"""Words of a bullet's opening: "Little more than two years before"."""
SHORTEST = 4
"""Words of the shortest bullet that can be a sentence."""
_OPEN_ENDS = frozenset(
    "a an the of to in at for by with from as and or but nor is are was were be been has have had will would their "
    "its your my our who which that than into onto upon per via amid among between during because although though "
    "while when where if whether more most very not no after before".split()
)
_NEXT_SENTENCE = re.compile(r"\b[a-z]{2,}[.!?][\"”']?\s+[\"“]?[A-Z]")
_SINGLE_OPEN = re.compile(r"(?<!\w)['‘](?=\w)(?!\d\ds?\b)")
_SINGLE_CLOSE = re.compile(r"(?<=[^\Ws][.,!?])['’](?!\w)|(?<=[^\Ws])['’](?!\w)")
_ENDS_IN_MARK = re.compile(r"[,;:–—-]\s?[\"”']?\.?$")
_TWO_MARKS = re.compile(r"[-–—,;:]\s*,")


def broken_off(said: Sequence[Word], source: Sequence[Word], places: Places) -> str:
    """Why a rewrite may be no whole sentence: it ends inside a clause, or its opening clause is all there is; "" where
    nothing is seen. Arguments as in `misplaced`."""
    kept = [(i, p) for i, p in enumerate(places) if p is not None and not said[i].is_mark]
    if not kept or any(not w.is_mark for w in said[kept[-1][0] + 1 :]):
        return ""  # it ends in words of its own: "police say"
    first, last = kept[0][1], kept[-1][1]
    for i, place in kept:
        if i == kept[-1][0] or said[i + 1].text in MARKS:
            rest = [w for w in source[place + 1 : place + 9] if w.text not in QUOTE_MARKS]
            rest = rest[1 if "." in source[place].text and rest and rest[0].text == "." and rest[1:2] else 0 :][:3]
            if rest and not rest[0].is_mark and not _may_go(source[: place + 1], rest):
                return f"breaks off before {rest[0].text!r}"
            opened = max((k for k in range(i) if said[k].text in SUBORDINATE | {"that"}), default=-1)
            if rest and rest[0].text in ("and", "or") and opened >= 0 and not verbs(said[opened + 1 : i + 1]):
                return f"has no verb behind {said[opened].text!r}"
    after = source[last + 1] if last + 1 < len(source) else None
    comma = next((i for i in range(len(said) - 1, max(0, len(said) - 10), -1) if said[i].text == ","), len(said))
    if after and after.text in ("and", "or") and comma < len(said) and not verbs(said[comma:]):
        return f"breaks off within a list before {after.text!r}"
    stop = next((w.text for w in source[last + 1 :] if w.text in ENDS), "")
    if stop == "?" and not any(w.text == "?" for w in said):
        return "is a question without its mark"
    if after and not after.is_mark and any(w.text == "according" for w in said[-6:]):
        return f"names who says so only up to {after.text!r}"
    behind = source[last + 2 : last + 3] if after and after.text == "," else []
    if behind and behind[0].text in AUXILIARIES | {"but", "yet"}:
        return f"ends before {behind[0].text!r}"
    tail = source[last + 1 : last + 5]
    named = tail[2:3] if tail[1:2] and tail[1].text == "the" else tail[1:2]
    if named and named[0].capital and source[last].capital and tail[0].text in _OF_A_NAME:
        return f"cuts a name before {tail[0].text!r}"
    counted = any(w.text[0].isdigit() or w.text in _COUNTS for w in source[max(0, last - 2) : last + 1])
    if counted and len(tail) > 1 and tail[0].text in GOALS and tail[1].text[0].isdigit():
        return f"ends before {tail[0].text!r} {tail[1].text!r}"
    if source[last].quoted and last + 1 < len(source) and source[last + 1].quoted and not source[last + 1].is_mark:
        return "cuts a quote"
    relative = next((i for i, w in enumerate(said) if w.text in RELATIVES and i and not said[i - 1].is_mark), None)
    if relative and not verbs(said[:relative]) and after and not after.is_mark:
        return f"may end within what {said[relative].text!r} opens"
    end = next((i for i in range(first, len(source)) if source[i].text in ENDS), len(source))
    commas = [i for i in range(first, end) if source[i].text == ","]
    for (i, place), (j, _) in pairwise(kept):
        opened = said[i].text == "that" and j == i + 1 and said[j].text in SUBORDINATE | {"for", "with"}
        comma = next((k for k in range(place, end) if source[k].text == ","), 0)
        if opened and last < comma:
            return f"is only the clause that {said[j].text!r} opens"
    if commas and last < commas[0] and any(w.text.endswith("ing") for w in said[:3]) and not verbs(said):
        return "is only what a participle opens"
    turn = max((i for i, w in enumerate(said) if w.text in _TURNS and i and said[i - 1].is_mark), default=None)
    if turn is not None and not verbs(said[turn:]):
        return f"has no verb behind {said[turn].text!r}"
    hanging = max(
        (i for i, w in enumerate(said) if w.text in RELATIVES and i and said[i - 1].text == ","), default=None
    )
    if hanging is not None and not any(w.text == "," for w in said[hanging:]):
        clause = max((i for i, w in enumerate(said[:hanging]) if w.text in _TURNS | SUBORDINATE), default=-1)
        if not verbs(said[clause + 1 : hanging]):
            return f"may end within what {said[hanging].text!r} opens"
    verb = next((i for i, w in enumerate(said) if w.text in AUXILIARIES or w.verbal), len(said))
    at = next((i for i, w in enumerate(said[:_OPENING]) if w.text in SUBORDINATE), 0)
    if 0 < at < verb and commas and last < commas[0]:
        return f"is only the clause that {said[at].text!r} opens"
    aux = next((i for i, w in enumerate(said) if w.text in AUXILIARIES and i and said[i - 1].text == ","), 0)
    if aux and sum(w.text == "," for w in said[:aux]) == 1 and not any(w.reports for w in said[:aux]):
        return f"has one comma before {said[aux].text!r}"
    if said[0].text in SUBORDINATE | {"according"} or (said[0].verbal and said[0].content):
        main = [i for i in commas if not any(w.reports for w in source[i:end])] or commas
        if main and last < main[-1]:
            return f"is only the clause that {said[0].text!r} opens"
    elif said[0].text in PREPOSITIONS and commas and last < commas[-1 if relative else 0]:
        return f"is only what {said[0].text!r} opens"
    return ""


def fragment(said: Sequence[Word], source: Sequence[Word]) -> str:
    """Why a rewrite may be a piece of a sentence, whatever its source: no verb, a "told" without what was told, an
    "either" without its "or"; "" where nothing is seen. Arguments as in `misplaced`."""
    ending = next((w for w in reversed(said) if not w.is_mark and w.text not in ADVERBS), None)
    if ending and ending.reports and not _speaks_at_the_end(source):
        return "ends before what is said"
    if _ends_before_what_is_told(said):
        return "ends before what is told"
    there = {w.text for w in source}
    for opens, closes in (("either", "or"), ("both", "and"), ("between", "and")):
        at = next((i for i, w in enumerate(said) if w.text == opens), len(said))
        if {opens, closes} <= there and at < len(said) and not any(w.text == closes for w in said[at:]):
            return f"has {opens!r} without its {closes!r}"
    apart = [i for i, w in enumerate(said) if w.text in PAUSES | {","}]
    leads = said[0].text in PREPOSITIONS | SUBORDINATE | ADVERBS if said else True
    if apart and not leads and not verbs(said[: apart[0]]) and said[apart[-1] + 1 :] and _groups(said) < 2:
        first = apart[0]
        if said[first].text in PAUSES or said[first + 1].text in ARTICLES | {"the"}:
            return f"has no verb but what describes {said[0].text!r}"
    return "" if has_verb(said) else "has no verb"


def _may_go(before: Sequence[Word], rest: Sequence[Word]) -> bool:
    """Whether what is left out opens with something that the sentence can do without; `before` is all that stands
    before it."""
    last = before[-1]
    named = next((w.capital or w.text[0].isdigit() for w in rest[1:] if w.text != "the"), False)
    if rest[0].text in _OF_A_DOER and last.verbal:
        return False  # "black men killed by", "has now quantified and"
    if rest[0].text in _SINCE and last.stem in _TIMES and len(before) > 1 and _counts(before[-2]):
        return False  # "less than two weeks after"
    return rest[0].text in _MAY_FOLLOW or (rest[0].text in _OF_A_NAME and named)


def _counts(word: Word) -> bool:
    return word.text[0].isdigit() or word.text in _COUNTS | ARTICLES | {"few", "several"}


def _ends_before_what_is_told(said: Sequence[Word]) -> bool:
    """Whether the last verb is a "told" that opens what is told, and not one that closes it, as in ", Roe told CNN"."""
    at = max((i for i, w in enumerate(said) if w.stem == "tell"), default=0)
    if not at or verbs(said[at + 1 :]) or any(w.text in ("to", "that", ":") for w in said[at + 1 :]):
        return False
    closes = any(w.is_mark for w in said[max(0, at - 8) : at]) and said[at - 1].text != ","
    return not closes


def _groups(said: Sequence[Word]) -> int:
    """How many times a text pauses: "--" once, a comma once."""
    pauses = [w.text in PAUSES | {","} for w in said]
    return sum(here and not before for before, here in zip([False, *pauses], pauses, strict=False))


def _speaks_at_the_end(source: Sequence[Word]) -> bool:
    """Whether a source closes with who says so: ", police said." or ", said Roe"."""
    marks = [*(w.is_mark for w in source[1:]), True]
    return any(w.reports and (marks[i] or (i and source[i - 1].is_mark)) for i, w in enumerate(source))


def has_verb(said: Sequence[Word]) -> bool:
    """Whether a rewrite may have a verb: one of its words looks like one, and where "that" or "who" opens a clause of
    its own, two do."""
    end = next((i for i in range(len(said) - 1, 3, -1) if said[i].text == ","), 0)
    if end and said[-1 - said[-1].is_mark].reports:
        said = said[:end]  # ", police say"
    relative = any(
        w.text in ("who", "which", "that", "where", "whose", "whom") and i and not said[i - 1].reports
        for i, w in enumerate(said)
    )
    if relative:
        return verbs(said) > 1
    says = next((i for i, w in enumerate(said) if w.stem == "say" and i and not said[i - 1].is_mark), None)
    if says is not None and sum(w.content for w in said[says + 1 :]) > 2:
        return _may_be_verb(said[says + 1 :])  # what is said needs a verb of its own
    return _may_be_verb(said)


def verbs(said: Sequence[Word]) -> int:
    """How many words look like verbs; "United" does not."""
    return sum(
        w.text in AUXILIARIES or (w.reports and w.text != "according") or (w.verbal and not (w.capital and i))
        for i, w in enumerate(said)
    )


def _may_be_verb(said: Sequence[Word]) -> bool:
    if verbs(said):
        return True
    for before, word, after in zip(said, said[1:], [*said[2:], None], strict=False):
        follows = before.content and not _counts(before) and not before.text.endswith("ing")
        if follows and word.text == "to" and after is not None and after.content:
            return True  # "Roe to appeal"
        present = word.content and not word.capital and re.fullmatch(r"\w{2,}[a-z]s", word.text)
        if follows and present and (after is None or not after.content or after.capital or after.text[0].isdigit()):
            return True  # "Norrvinda calls off"
    return False


def malformed(bullet: str, read: Sequence[Word]) -> str:
    """Why a text is no one sentence on the face of it: too short, two sentences, an open end, a mark without its
    other half; "" where nothing is seen."""
    count = len(words(bullet))
    if count < SHORTEST:
        return f"has {count} words"
    if len(split(bullet, 0, len(bullet))) > 1 or _NEXT_SENTENCE.search(bullet):
        return "is more than one sentence"
    last = next((w.text for w in reversed(read) if w.text[0].isalnum()), "")
    if len(read) > 2 and read[-1].is_mark and read[-2].reports and read[-3].is_mark:
        return f"ends in {last!r} without who does"
    if last in _OPEN_ENDS or _ENDS_IN_MARK.search(bullet):
        return f"ends in {last!r}"
    if "''" in bullet:
        return "has an apostrophe twice"
    if _TWO_MARKS.search(bullet):
        return "has a comma behind another mark"
    lower = [w.text for w in read]
    if any(a == "not" and b in ("only", "just") for a, b in pairwise(lower)) and not {"but", "also"} & set(lower):
        return "has only the first half of 'not only'"
    if len(_SINGLE_OPEN.findall(bullet)) != len(_SINGLE_CLOSE.findall(bullet)):
        return "opens a single quote and does not close it, or the reverse"
    if bullet.count('"') % 2 or bullet.count("“") != bullet.count("”") or bullet.count("(") != bullet.count(")"):
        return "opens a quote or a bracket and does not close it"
    stems = [w.stem for w in read]
    if any(a == b and a[0].isalnum() for a, b in zip(stems, stems[1:], strict=False)):
        return "says a word twice"
    return ""
