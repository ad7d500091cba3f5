"""Who did what, kept by form: a rewrite must be made of its source's pieces, in their order, and end where they may.

No lookup finds that a rewrite swapped two roles. What can be seen is whether it left the source's order, took the
subject of one clause for the verb of another, opened where no clause opens, or broke off inside one. A rewrite that
breaks these rules may still be true; it is refused, since nothing here can tell. The rules are those of English news.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from itertools import pairwise

from .lexicon import FUNCTION, Word

Places = Sequence[int | None]
"""For each word of a rewrite, where it stands in the source; None where it does not, or not in order."""

AUXILIARIES = frozenset("is are was were has have had will would can could may might must do does did".split())
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
_MAY_FOLLOW = frozenset(
    "where when while after before because since although though during amid despite following including saying "
    "according via beyond except upon last this next today tonight yesterday tomorrow early late and by at against "
    "monday tuesday wednesday thursday friday saturday sunday".split()
)
"""Words that open what may be left out at the end."""
_OF_A_NAME = frozenset("in on at from".split())
"""They may open what is left out where a name or a date follows; before another word they may open what the verb asks
for: "human remains in his stove"."""
_SUBORDINATE = frozenset(
    "when while after before although though as because if since until unless once whether".split()
)
_PREPOSITIONS = frozenset("in on at with by for from during amid despite instead under following through among".split())
_QUOTE_MARKS = frozenset("\"'“”‘’")
_MARKS = frozenset(",;:-–—()")
_BREAKS = frozenset(":-–—")
_ENDS = frozenset(".!?")
_LINKS = (_PREPOSITIONS - {"under"}) | frozenset("to of into within against between without upon onto as".split())
_ALSO_LINKS = frozenset(
    "behind near outside inside across around beyond toward towards along despite beneath beside like".split()
)
_SUPERLATIVES = frozenset(
    "first second third fourth fifth sixth seventh eighth ninth tenth only last most worst best least few little "
    "hardly barely rarely".split()
)
_QUANTIFIERS = frozenset("many most all some few several every no first last only".split())
_SCOPE_OPENS = frozenset("in of since to for ever on".split())
_COMPARATIVES = frozenset("more less fewer higher lower larger smaller bigger better worse greater rather".split())
_CARRYING = frozenset(
    "land put send left leav place turn bring brought take took hold held forc driv drove throw threw".split()
)
_GOALS = frozenset("in into on onto at to from".split())
_LIMITS = frozenset(
    "most some few if unless only partly those these such other another former ex acting attempted usually often "
    "typically traditionally generally normally sometimes previously formerly once fatally before without instead "
    "until".split()
)
"""Words that limit what is said; without them it says more."""
_DEGREES = frozenset("fully only entirely always necessarily completely exactly all yet every".split())
"""What a "not" may deny instead of the rest."""
_SUBJECTS = frozenset("i he she it they we you".split())
_RELATIVES = frozenset("who whom whose which that".split())
_DETERMINERS = frozenset("a an the its his her their this that".split())
_PAUSES = frozenset("-–—()")
_COUNTS = frozenset("one two three four five six seven eight nine ten dozen".split())
_MEASURED = frozenset("number share rate percentage proportion majority average".split())
_TURNS = frozenset("but and while though although because".split())
_LEAD_IN = frozenset(
    "according never once even so still here there last this next today yesterday later earlier".split()
)
_SMALL = (
    _LINKS
    | AUXILIARIES
    | frozenset("and but or his her its their my our he she it they we i there than not no been be being".split())
)
"""Words that change what is said when they are put in."""
_ADVERBS = frozenset(
    "now still today yesterday tomorrow later earlier soon ever again always often never".split()
) | frozenset("monday tuesday wednesday thursday friday saturday sunday eventually once twice even already".split())
_OPENING = 8
"""Words of a bullet's opening: "Little more than two years before"."""
_ARTICLES = frozenset(["a", "an"])
_REACH = 8
"""Words behind a "first" that say of what."""
_PARTICLES = frozenset("up out off down back away over".split())
_LEAST_UNQUOTED = 3
"""Words of a quote that a rewrite may say without its quotation marks, less one: a name, a film."""


def misplaced(said: Sequence[Word], source: Sequence[Word], places: Places, free: Collection[str]) -> str:
    """Why a rewrite may say who did what wrongly; "" where nothing is seen.

    Args:
        said: Its words.
        source: The words of its sentences.
        places: `aligned(said, source)`.
        free: Words that may stand anywhere: days and months.
    """
    stems = {w.stem for w in source}
    for word, place in zip(said, places, strict=True):
        if word.content and place is None and word.stem in stems and not word.reports and word.text not in free:
            return f"{word.text!r} stands elsewhere in the sources"
    content = [(i, p) for i, (w, p) in enumerate(zip(said, places, strict=True)) if w.content and p is not None]
    first = next((i for i, w in enumerate(said) if w.content), -1)
    if content and content[0][0] == first and said[first].text not in free:
        at = content[0][1]
        while first and places[first - 1] == at - 1:  # the whole piece that the bullet opens with
            first, at = first - 1, at - 1
        fault = _opens_badly(source, at, content[-1][1])
        if fault:
            return fault
    for (i, p), (j, q) in pairwise(content):
        fault = _jumps(said[i + 1 : j], source, p, q) or _moved(said[i + 1 : j], source, p, q)
        if fault:
            return fault
    return ""


def broken_off(said: Sequence[Word], source: Sequence[Word], places: Places) -> str:
    """Why a rewrite may be no whole sentence: it ends inside a clause, or its opening clause is all there is; "" where
    nothing is seen. Arguments as in `misplaced`."""
    kept = [(i, p) for i, p in enumerate(places) if p is not None and not said[i].is_mark]
    ending = next((w for w in reversed(said) if not w.is_mark), None)
    if ending and ending.reports and not _speaks_at_the_end(source):
        return "ends before what is said"
    if not kept or any(not w.is_mark for w in said[kept[-1][0] + 1 :]):
        return ""  # it ends in words of its own: "police say"
    first, last = kept[0][1], kept[-1][1]
    for i, place in kept:
        if i == kept[-1][0] or said[i + 1].text in _MARKS:
            rest = [w for w in source[place + 1 :] if w.text not in _QUOTE_MARKS][:3]
            if rest and not rest[0].is_mark and not _may_go(rest):
                return f"breaks off before {rest[0].text!r}"
    after = source[last + 1] if last + 1 < len(source) else None
    comma = next((i for i in range(len(said) - 1, max(0, len(said) - 6), -1) if said[i].text == ","), len(said))
    if after and after.text in ("and", "or") and comma < len(said) and not _verbs(said[comma:]):
        return f"breaks off within a list before {after.text!r}"
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
    if counted and len(tail) > 1 and tail[0].text in _GOALS and tail[1].text[0].isdigit():
        return f"ends before {tail[0].text!r} {tail[1].text!r}"
    if source[last].quoted and last + 1 < len(source) and source[last + 1].quoted and not source[last + 1].is_mark:
        return "cuts a quote"
    relative = next((i for i, w in enumerate(said) if w.text in _RELATIVES and i and not said[i - 1].is_mark), None)
    if relative and not _verbs(said[:relative]) and after and not after.is_mark:
        return f"may end within what {said[relative].text!r} opens"
    end = next((i for i in range(first, len(source)) if source[i].text in _ENDS), len(source))
    commas = [i for i in range(first, end) if source[i].text == ","]
    for (i, place), (j, _) in pairwise(kept):
        opened = said[i].text == "that" and j == i + 1 and said[j].text in _SUBORDINATE | {"for", "with"}
        comma = next((k for k in range(place, end) if source[k].text == ","), 0)
        if opened and last < comma:
            return f"is only the clause that {said[j].text!r} opens"
    if commas and last < commas[0] and any(w.text.endswith("ing") for w in said[:3]) and not _verbs(said):
        return "is only what a participle opens"
    turn = max((i for i, w in enumerate(said) if w.text in _TURNS and i and said[i - 1].is_mark), default=None)
    if turn is not None and not _verbs(said[turn:]):
        return f"has no verb behind {said[turn].text!r}"
    hanging = max(
        (i for i, w in enumerate(said) if w.text in _RELATIVES and i and said[i - 1].text == ","), default=None
    )
    if hanging is not None and not any(w.text == "," for w in said[hanging:]):
        clause = max((i for i, w in enumerate(said[:hanging]) if w.text in _TURNS | _SUBORDINATE), default=-1)
        if not _verbs(said[clause + 1 : hanging]):
            return f"may end within what {said[hanging].text!r} opens"
    verb = next((i for i, w in enumerate(said) if w.text in AUXILIARIES or w.verbal), len(said))
    at = next((i for i, w in enumerate(said[:_OPENING]) if w.text in _SUBORDINATE), 0)
    if 0 < at < verb and commas and last < commas[0]:
        return f"is only the clause that {said[at].text!r} opens"
    aux = next((i for i, w in enumerate(said) if w.text in AUXILIARIES and i and said[i - 1].text == ","), 0)
    if aux and sum(w.text == "," for w in said[:aux]) == 1 and not any(w.reports for w in said[:aux]):
        return f"has one comma before {said[aux].text!r}"
    if said[0].text in _SUBORDINATE | {"according"} or (said[0].verbal and said[0].content):
        main = [i for i in commas if not any(w.reports for w in source[i:end])] or commas
        if main and last < main[-1]:
            return f"is only the clause that {said[0].text!r} opens"
    elif said[0].text in _PREPOSITIONS and commas and last < commas[-1 if relative else 0]:
        return f"is only what {said[0].text!r} opens"
    return ""


def _may_go(rest: Sequence[Word]) -> bool:
    """Whether what is left out at the end opens with something that the sentence can do without."""
    named = next((w.capital or w.text[0].isdigit() for w in rest[1:] if w.text != "the"), False)
    return rest[0].text in _MAY_FOLLOW or (rest[0].text in _OF_A_NAME and named)


def _speaks_at_the_end(source: Sequence[Word]) -> bool:
    """Whether a source closes with who says so: ", police said." or ", said Roe"."""
    marks = [*(w.is_mark for w in source[1:]), True]
    return any(w.reports and (marks[i] or (i and source[i - 1].is_mark)) for i, w in enumerate(source))


def stripped(said: Sequence[Word], source: Sequence[Word], places: Places) -> str:
    """Why what is kept may say more than its source did, or nothing, since a word that it hangs on is gone; "" where
    nothing is seen. Arguments as in `misplaced`."""
    kept = {p for w, p in zip(said, places, strict=True) if p is not None and not w.is_mark}
    last = max(kept, default=0)
    negated = any(w.text in ("not", "never", "no") for w in said)
    for p in sorted(kept):
        word = source[p]
        superlative = word.text in _SUPERLATIVES or re.fullmatch(r"\w{3,}est", word.text)
        edge = _edge(p, kept, source) if superlative else 0
        inner = source[edge].content and edge < min(p + _REACH, last)
        if edge and (source[edge].text in _SCOPE_OPENS or inner):
            return f"what {word.text!r} holds for is lost: {source[edge].text!r}"
        if word.text in _QUANTIFIERS and p + 1 not in kept and p + 1 < len(source) and source[p + 1].content:
            return f"{source[p + 1].text!r} behind {word.text!r} is lost"
        if word.text in _COMPARATIVES and _behind("than", source, p) and not any(w.text == "than" for w in said):
            return f"{word.text!r} lost its 'than'"
        if word.stem in _CARRYING and last - 6 < p < last and source[min(last + 1, len(source) - 1)].text in _GOALS:
            return f"where {word.text!r} ends is lost"
        for other, between in ((p + 2, p + 1), (p - 2, p - 1)):  # "toe to toe"
            inside = word.content and 0 <= other < len(source) and not kept & {other, between}
            if inside and source[other].stem == word.stem and source[between].text in _LINKS:
                return f"a half of '{word.text} {source[between].text} {word.text}' is lost"
    start = next((i + 1 for i in range(min(kept, default=0) - 1, -1, -1) if source[i].text in _ENDS), 0)
    led = next((w.text for w in source[start : min(kept, default=0)] if w.text in _LIMITS), "")
    if led:
        return f"{led!r} is lost"
    placed = [(i, p) for i, p in enumerate(places) if p is not None and not said[i].is_mark]
    adjacent = {(p, q) for (i, p), (j, q) in pairwise(placed) if j == i + 1}
    for (i, p), (j, q) in pairwise(placed):
        marks = {w.text for w in source[p + 1 : q] if w.is_mark or w.text == "and"}
        if (
            [w.text for w in said[i + 1 : j] if w.text not in _QUOTE_MARKS] == [","]
            and marks
            and "," not in marks
            and not marks & _PAUSES
        ):
            return f"a comma stands for {min(marks)!r}"
        if said[j].text in AUXILIARIES and said[j - 1].text == "," and not source[q - 1].is_mark:
            return f"{source[q - 1].text!r} before {source[q].text!r} is lost"
    for p, q in pairwise(sorted(kept)):
        gap = source[p + 1 : q]
        if (p, q) in adjacent and gap and all(w.text in _LINKS | _PARTICLES | _ARTICLES for w in gap):
            return f"the {gap[0].text!r} between {source[p].text!r} and {source[q].text!r} is lost"
        verb = source[q].text in AUXILIARIES or source[q].verbal
        if (p, q) in adjacent and any(w.reports for w in gap) and not any(w.is_mark for w in gap):
            return f"the {next(w.text for w in gap if w.reports)!r} behind {source[p].text!r} is lost"
        if (p, q) in adjacent and gap and (gap[0].text == ",") != (gap[-1].text == ","):
            subject = gap[-1].content and source[q].content and not source[q].capital
            joins = verb or (subject if gap[0].text == "," else not source[p].content)
            if joins and any(w.content for w in gap):
                return f"{source[q].text!r} goes with another word than {source[p].text!r}"
        if (p, q) in adjacent and gap and all(w.text in _SUBJECTS for w in gap) and source[p].content:
            return f"the {gap[0].text!r} before {source[q].text!r} is lost"
        verb |= source[q].text in _LINKS - {"to"}
        if (p, q) in adjacent and source[p].content and verb and gap and all(map(_may_be_noun, gap)):
            return f"{gap[-1].text!r} behind {source[p].text!r} is lost"
        denied = any(w.text == "not" for w in gap)  # "not only"
        lost = next((w.text for w in gap if w.text in (_DEGREES if negated else _LIMITS) and not denied), "")
        if lost:
            return f"{lost!r} is lost"
        if gap and gap[0].text in _RELATIVES and not source[p].reports:
            return f"what {gap[0].text!r} says of {source[p].text!r} is lost"
        if len(gap) == 2 and gap[0].text == "," and gap[1].text in _RELATIVES:
            return f"the {gap[1].text!r} behind {source[p].text!r} is lost"
        if gap and gap[0].text in _LINKS and any(w.text in _MEASURED for w in source[max(0, p - 2) : p]):
            return f"what {source[p].text!r} are counted {gap[0].text!r} is lost"
        linked = [i for i, w in enumerate(gap) if w.text in _LINKS]
        if source[p].text in _LINKS | _DETERMINERS and linked and any(w.content for w in gap[: linked[-1]]):
            return f"{source[p].text!r} goes with another word than {source[q].text!r}"
        if (p, q) in adjacent and linked and gap[0].content and source[p].content:
            return f"{source[q].text!r} stands beside another word than {source[p].text!r}"
        if source[p].text in _LINKS and any(w.is_mark for w in gap) and any(w.content for w in gap):
            return f"{source[p].text!r} goes with another word than {source[q].text!r}"
        dash = next((at for at, w in enumerate(gap) if w.text in _BREAKS), 0)
        if dash and any(w.content for w in gap[:dash]) and any(w.content for w in gap[dash:]):
            return "what is left out crosses a dash"
        if source[q].text.endswith("ing") and gap and all(w.text in AUXILIARIES | {"been", "be"} for w in gap):
            return f"{gap[0].text!r} before {source[q].text!r} is lost"
        if source[q].quoted and not source[p].quoted and any(w.content for w in gap):
            return f"what stands before {source[q].text!r} in quotation marks is lost"
    return ""


def _may_be_noun(word: Word) -> bool:
    """Whether a word may be the noun that those before it describe; half a name is another check's business."""
    plain = word.content and not word.capital and not word.verbal and not word.reports
    return plain and not word.text.endswith("ly") and word.text not in _ADVERBS


def _edge(p: int, kept: Collection[int], source: Sequence[Word]) -> int:
    """The first place behind `p` that is not kept; 0 where all is kept up to a mark."""
    while p in kept:
        p += 1
    return p if p < len(source) and not source[p].is_mark else 0


def _behind(word: str, source: Sequence[Word], p: int) -> bool:
    reach = source[p + 1 : p + 13]
    end = next((i for i, w in enumerate(reach) if w.text in _ENDS), len(reach))
    return any(w.text == word for w in reach[:end])


def reworded(said: Sequence[Word], source: Sequence[Word], places: Places) -> str:
    """Why words that are not the source's own may say something else, or be no English; "" where nothing is seen. A
    verb may go from the past into the present, as in headlines; any other change of form, and a small word that was
    put in, is wrong more often than right. Arguments as in `misplaced`."""
    for word, place in zip(said, places, strict=True):
        if word.is_mark:
            continue
        if place is None:
            if word.text in _SMALL or (word.text[0].isdigit() and "-" in word.text):
                return f"{word.text!r} is put in"
        elif word.text != source[place].text and not _in_the_present(word, source[place]):
            return f"{word.text!r} stands for {source[place].text!r}"
    there, here = (Counter(w.stem for w in text if w.content) for text in (source, said))
    twice = next((w.text for w in said if here[w.stem] > max(1, there[w.stem])), "")
    return f"{twice!r} is said twice" if twice else ""


def _in_the_present(word: Word, given: Word) -> bool:
    if word.reports and given.reports:
        return True
    return given.verbal and (word.text.endswith("s") or word.text in ("are", "have"))


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
        return _verbs(said) > 1
    says = next((i for i, w in enumerate(said) if w.stem == "say" and i and not said[i - 1].is_mark), None)
    if says is not None and sum(w.content for w in said[says + 1 :]) > 2:
        return _may_be_verb(said[says + 1 :])  # what is said needs a verb of its own
    return _may_be_verb(said)


def _verbs(said: Sequence[Word]) -> int:
    return sum(w.text in AUXILIARIES or w.reports or w.verbal for w in said)


def _may_be_verb(said: Sequence[Word]) -> bool:
    if _verbs(said):
        return True
    for before, word, after in zip(said, said[1:], [*said[2:], None], strict=False):
        follows = before.content and not before.text[0].isdigit() and not before.text.endswith("ing")
        if follows and word.text == "to" and after is not None and after.content:
            return True  # "Roe to appeal"
        present = word.content and re.fullmatch(r"\w{2,}[a-z]s", word.text)
        if follows and present and (after is None or not after.content or after.capital or after.text[0].isdigit()):
            return True  # "Norrvinda calls off"
    return False


def unquoted(said: Sequence[Word], source: Sequence[Word], places: Places) -> str:
    """Why a rewrite may say on its own what its source quotes; "" where nothing is seen. Arguments as in
    `misplaced`."""
    if any(word.reports for word in said):
        return ""
    taken = [
        w.text
        for w, p in zip(said, places, strict=True)
        if w.content and p is not None and source[p].quoted and not w.quoted
    ]
    return f"{' '.join(taken)!r} is in quotation marks in the sources" if len(taken) >= _LEAST_UNQUOTED else ""


def _opens_badly(source: Sequence[Word], at: int, last: int) -> str:
    """A bullet opens with its subject, so its first word must stand in a subject's place: after the start, a mark, or a
    word that opens a clause; articles and other words of the same noun may stand between."""
    for i in range(at - 1, -1, -1):
        word = source[i].text
        if word in _MARKS:
            return _apposition(source, i)
        if source[i].is_mark:
            return ""
        first = i == 0 or source[i - 1].text in _ENDS
        if word in _ALSO_LINKS or (first and word in _LINKS - {"as"}):
            return f"{source[at].text!r} follows {word!r} in the sources: no subject"
        if word == "that" and i and not source[i - 1].reports:
            return f"{source[at].text!r} is what {source[i - 1].text!r} says"
        if word in _BEFORE_SUBJECT:
            clause = word in _SUBORDINATE or word in _OPENERS
            crossed = next((w.text for w in source[at:last] if w.text == ","), "")
            joins = word in ("and", "but", "or")
            return f"runs on behind the clause that {word!r} opens" if clause and crossed and not joins else ""
        if word in FUNCTION and word not in _WITHIN_NOUN:
            return f"{source[at].text!r} follows {word!r} in the sources: no subject"
        if re.fullmatch(r"\w+(?:ed|ing)", word) and i and source[i - 1].text not in ("a", "an", "the"):
            return f"{source[at].text!r} follows {word!r} in the sources: no subject"
    return ""


def _apposition(source: Sequence[Word], mark: int) -> str:
    """What follows a comma is a clause of its own where the sentence opens with something that leads to it ("On
    Friday,", "When it rained,", "Founded in 1911,"), or where somebody speaks before or after; else it may be no more
    than another name for what stands before the comma."""
    start = next((i + 1 for i in range(mark - 1, -1, -1) if source[i].text in _ENDS), 0)
    opening = next((w for w in source[start:mark] if not w.is_mark), None)
    if opening is None:
        return ""
    if any(w.text in _BREAKS for w in source[start : mark + 1]):
        return f"{source[mark + 1].text!r} follows a dash or a colon: no clause"
    if source[mark].text != ",":
        return ""
    leads = opening.text in _PREPOSITIONS | _SUBORDINATE or re.fullmatch(r"\w+(?:ly|ed|ing)", opening.text)
    if leads or opening.text in _LEAD_IN or any(w.reports for w in source[start:mark]) or mark - start <= 2:
        return ""
    return f"{source[mark + 1].text!r} may name again what stands before it"


def _moved(between: Sequence[Word], source: Sequence[Word], start: int, end: int) -> str:
    """A "said" that changed places with its speaker, and runs into what stood behind them: of `wrote Roe, the mayor`
    came "Roe wrote the mayor"."""
    before, within = ({w.stem for w in source[i:j]} for i, j in ((max(0, start - 3), start), (start + 1, end)))
    for word in between:
        if word.reports and word.stem in before - within:
            return f"{word.text!r} runs into {source[end].text!r}"
    return ""


def _jumps(between: Sequence[Word], source: Sequence[Word], start: int, end: int) -> str:
    """A jump from one clause into another: what is skipped opens a clause with a subject of its own and does not close
    it, and the bullet says nothing that opens one."""
    skipped = source[start + 1 : end]
    if skipped and not between and all(w.text in _MARKS for w in skipped):
        return f"the {skipped[0].text!r} between {source[start].text!r} and {source[end].text!r} is lost"
    put_in = next((w.text for w in between if w.text in _LINKS and w.text not in {s.text for s in skipped}), "")
    if put_in:
        return f"the {put_in!r} between {source[start].text!r} and {source[end].text!r} is not in the sources"
    if any(w.text in _OPENERS or w.is_mark for w in between):
        return ""
    if [w.text for w in skipped] in (["that"], ["who"], ["which"]) and not source[start].reports:
        return f"the {skipped[0].text!r} between {source[start].text!r} and {source[end].text!r} is lost"
    lost = next((w.text for w in skipped if w.text in _LINKS), "")
    if lost and not any(w.content or w.is_mark for w in skipped) and not any(w.text in _LINKS for w in between):
        return f"the {lost!r} between {source[start].text!r} and {source[end].text!r} is lost"
    for k in range(len(skipped) - 1, -1, -1):
        word = skipped[k].text
        if word in (",", "-", "–", "—", ")", ";"):
            return ""
        if word in _OPENERS:
            own = [w for w in skipped[k + 1 :] if w.text in _SUBJECTS or (w.content and not w.text.endswith("ly"))]
            if own and not (word in _SAME_SUBJECT and len(own) < 2 and k == 0):
                return f"{source[end].text!r} belongs to another clause than {source[start].text!r}"
            return ""
    return ""


def aligned(bullet: Sequence[Word], source: Sequence[Word]) -> Places:
    """Where each word of a rewrite stands in its source, in order: the alignment that keeps most words that say
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
