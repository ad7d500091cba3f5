"""What a rewrite may leave out, or put in another form, without saying something else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from itertools import pairwise

from .clauses import Places
from .lexicon import (
    ADVERBS,
    ARTICLES,
    AUXILIARIES,
    BREAKS,
    ENDS,
    GOALS,
    LINKS,
    PAUSES,
    QUOTE_MARKS,
    RELATIVES,
    SUBJECTS,
    Word,
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
_LIMITS = frozenset(
    "most some few if unless only partly those these such other another former ex acting attempted usually often "
    "typically largely mainly mostly predominantly traditionally generally normally sometimes previously formerly once "
    "fatally before without instead until".split()
)
"""Words that limit what is said; without them it says more."""
_DEATHS = frozenset("kill die murder".split())
"""What no bullet leaves out of its sentence."""
_DEGREES = frozenset("fully only entirely always necessarily completely exactly all yet every".split())
"""What a "not" may deny instead of the rest."""
_DETERMINERS = frozenset("a an the its his her their this that".split())
_MEASURED = frozenset("number share rate percentage proportion majority average".split())
_SMALL = (
    LINKS
    | AUXILIARIES
    | frozenset("and but or his her its their my our he she it they we i there than not no been be being".split())
)
"""Words that change what is said when they are put in."""
_REACH = 8
"""Words behind a "first" that say of what."""
_PARTICLES = frozenset("up out off down back away over".split())
_LEAST_UNQUOTED = 3
"""Words of a quote that a rewrite may say without its quotation marks, less one: a name, a film."""


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
        if word.stem in _CARRYING and last - 6 < p < last and source[min(last + 1, len(source) - 1)].text in GOALS:
            return f"where {word.text!r} ends is lost"
        for other, between in ((p + 2, p + 1), (p - 2, p - 1)):  # "toe to toe"
            inside = word.content and 0 <= other < len(source) and not kept & {other, between}
            if inside and source[other].stem == word.stem and source[between].text in LINKS:
                return f"a half of '{word.text} {source[between].text} {word.text}' is lost"
    start = next((i + 1 for i in range(min(kept, default=0) - 1, -1, -1) if source[i].text in ENDS), 0)
    led = next((w.text for w in source[start : min(kept, default=0)] if w.text in _LIMITS), "")
    if led:
        return f"{led!r} is lost"
    placed = [(i, p) for i, p in enumerate(places) if p is not None and not said[i].is_mark]
    for (i, p), (j, q) in pairwise(placed):
        marks = {w.text for w in source[p + 1 : q] if w.is_mark or w.text == "and"}
        if (
            [w.text for w in said[i + 1 : j] if w.text not in QUOTE_MARKS] == [","]
            and marks
            and "," not in marks
            and not marks & PAUSES
        ):
            return f"a comma stands for {min(marks)!r}"
        if said[j].text in AUXILIARIES and said[j - 1].text == "," and not source[q - 1].is_mark:
            return f"{source[q - 1].text!r} before {source[q].text!r} is lost"
    end = next((i for i in range(last, len(source)) if source[i].text in ENDS), len(source))
    dead = next((w.text for w in source[start:end] if w.stem in _DEATHS), "")
    if dead and not any(w.stem in _DEATHS for w in said):
        return f"{dead!r} is lost"
    if _dashes(source[start:end]) == 2 and _dashes(said) == 1:
        return "one of two dashes is lost"
    return next((fault for p, q in pairwise(sorted(kept)) if (fault := _limit_lost(source, p, q, negated))), "")


def torn(said: Sequence[Word], source: Sequence[Word], places: Places) -> str:
    """Why two words that are brought together may not belong together, since what joined them was left out; "" where
    nothing is seen. Arguments as in `misplaced`."""
    placed = [(i, p) for i, p in enumerate(places) if p is not None and not said[i].is_mark]
    for (i, p), (j, q) in pairwise(placed):
        if q > p + 1 and (fault := _far_apart(source, p, q) or (_joined(said, source, p, q) if j == i + 1 else "")):
            return fault
    return ""


def _joined(said: Sequence[Word], source: Sequence[Word], p: int, q: int) -> str:
    """What is wrong with two words that stand side by side now, and did not in the source."""
    gap, before, behind = source[p + 1 : q], source[p], source[q]
    verb = behind.text in AUXILIARIES or behind.verbal or behind.reports
    texts = [w.text for w in gap]
    if all(text in LINKS | _PARTICLES | ARTICLES for text in texts):
        return f"the {texts[0]!r} between {before.text!r} and {behind.text!r} is lost"
    helped = all(text in AUXILIARIES or text in ("be", "been") for text in texts)
    if helped and behind.text.endswith("ing"):
        return f"{texts[0]!r} before {behind.text!r} is lost"
    if verb and texts[0] in ("and", "or"):
        return f"{texts[-1]!r} beside {before.text!r} is lost"
    if texts == [","] and any(w.text == "," for w in said):
        return f"the ',' between {before.text!r} and {behind.text!r} is lost"
    if any(w.reports for w in gap) and not any(w.is_mark for w in gap):
        return f"the {next(w.text for w in gap if w.reports)!r} behind {before.text!r} is lost"
    if (texts[0] == ",") != (texts[-1] == ","):
        subject = gap[-1].content and behind.content and not behind.capital
        joins = verb or (subject if texts[0] == "," else not before.content)
        if joins and any(w.content for w in gap):
            return f"{behind.text!r} goes with another word than {before.text!r}"
    if all(text in SUBJECTS for text in texts) and before.content:
        return f"the {texts[0]!r} before {behind.text!r} is lost"
    verb |= behind.text in LINKS - {"to"}
    if before.content and verb and all(map(_may_be_noun, gap)):
        return f"{texts[-1]!r} behind {before.text!r} is lost"
    if any(text in LINKS for text in texts) and gap[0].content and before.content:
        return f"{behind.text!r} stands beside another word than {before.text!r}"
    return ""


def _far_apart(source: Sequence[Word], p: int, q: int) -> str:
    """What is wrong with two words of the source that follow each other now, whatever was put between them."""
    gap, before, behind = source[p + 1 : q], source[p], source[q]
    if gap[0].text in RELATIVES and not before.reports:
        return f"what {gap[0].text!r} says of {before.text!r} is lost"
    if len(gap) == 2 and gap[0].text == "," and gap[1].text in RELATIVES:
        return f"the {gap[1].text!r} behind {before.text!r} is lost"
    linked = [i for i, w in enumerate(gap) if w.text in LINKS]
    if before.text in LINKS | _DETERMINERS and linked and any(w.content for w in gap[: linked[-1]]):
        return f"{before.text!r} goes with another word than {behind.text!r}"
    if before.text in LINKS and any(w.is_mark for w in gap) and any(w.content for w in gap):
        return f"{before.text!r} goes with another word than {behind.text!r}"
    dash = next((at for at, w in enumerate(gap) if w.text in BREAKS), 0)
    if dash and any(w.content for w in gap[:dash]) and any(w.content for w in gap[dash:]):
        return "what is left out crosses a dash"
    return ""


def _limit_lost(source: Sequence[Word], p: int, q: int, negated: bool) -> str:
    """A word that limits what is said, and was left out between two that were kept."""
    gap = source[p + 1 : q]
    denied = any(w.text == "not" for w in gap)  # "not only"
    lost = next((w.text for w in gap if w.text in (_DEGREES if negated else _LIMITS) and not denied), "")
    if lost:
        return f"{lost!r} is lost"
    if gap and gap[0].text in LINKS and any(w.text in _MEASURED for w in source[max(0, p - 2) : p]):
        return f"what {source[p].text!r} are counted {gap[0].text!r} is lost"
    if source[q].quoted and not source[p].quoted and any(w.content for w in gap):
        return f"what stands before {source[q].text!r} in quotation marks is lost"
    return ""


def _dashes(text: Sequence[Word]) -> int:
    """How many dashes a text has; "--" is one."""
    dash = [w.text in PAUSES - {"(", ")"} for w in text]
    return sum(here and not before for before, here in zip([False, *dash], dash, strict=False))


def _may_be_noun(word: Word) -> bool:
    """Whether a word may be the noun that those before it describe; half a name is another check's business."""
    plain = word.content and not word.capital and not word.verbal and not word.reports
    return plain and not word.text.endswith("ly") and word.text not in ADVERBS


def _edge(p: int, kept: Collection[int], source: Sequence[Word]) -> int:
    """The first place behind `p` that is not kept; 0 where all is kept up to a mark."""
    while p in kept:
        p += 1
    return p if p < len(source) and not source[p].is_mark else 0


def _behind(word: str, source: Sequence[Word], p: int) -> bool:
    reach = source[p + 1 : p + 13]
    end = next((i for i, w in enumerate(reach) if w.text in ENDS), len(reach))
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
