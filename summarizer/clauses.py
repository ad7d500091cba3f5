"""Who did what, kept by form: a rewrite must be made of its source's pieces, in their order.

No lookup finds that a rewrite swapped two roles. What can be seen is whether it left the source's order, took the
subject of one clause for the verb of another, or opened where no clause opens. Where it may end is in `endings.py`,
what may be left out on the way in `gaps.py`. A rewrite that breaks these rules may still be true; it is refused, since
nothing here can tell. The rules are those of English news.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import pairwise

from .lexicon import BREAKS, ENDS, FUNCTION, LINKS, MARKS, PREPOSITIONS, SUBJECTS, SUBORDINATE, Word

Places = Sequence[int | None]
"""For each word of a rewrite, where it stands in the source; None where it does not, or not in order."""

_OPENERS = frozenset(
    "who whom whose which that when where while after before because as if although though since until unless and but "
    "or so what how why".split()
)
_POSSESSIVES = frozenset("his her their its my our your".split())
_SAME_SUBJECT = frozenset("who which and but or".split())
_BEFORE_SUBJECT = frozenset(
    "said says say saying told tells that and but or as when while after before because if although though since "
    "until where so than which who whom believe believes believed think thinks thought claims claimed report reported "
    "alleged announced warned confirmed added by".split()
)
_WITHIN_NOUN = frozenset("a an the his her their its of and in more most at no these those some about over".split())
_ALSO_LINKS = frozenset(
    "behind near outside inside across around beyond toward towards along despite beneath beside like".split()
)
_LEAD_IN = frozenset(
    "according never once even so still here there last this next today yesterday later earlier".split()
)


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


def _opens_badly(source: Sequence[Word], at: int, last: int) -> str:
    """A bullet opens with its subject, so its first word must stand in a subject's place: after the start, a mark, or a
    word that opens a clause; articles and other words of the same noun may stand between."""
    for i in range(at - 1, -1, -1):
        word = source[i].text
        if word in MARKS:
            return _apposition(source, i)
        if source[i].is_mark:
            return ""
        if i == at - 1 and word in _POSSESSIVES:
            return f"{source[at].text!r} lost its {word!r}"
        first = i == 0 or source[i - 1].text in ENDS
        if word in _ALSO_LINKS or (first and word in LINKS - {"as"}):
            return f"{source[at].text!r} follows {word!r} in the sources: no subject"
        if word == "that" and i and not source[i - 1].reports:
            return f"{source[at].text!r} is what {source[i - 1].text!r} says"
        if word in _BEFORE_SUBJECT:
            clause = word in SUBORDINATE or word in _OPENERS
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
    start = next((i + 1 for i in range(mark - 1, -1, -1) if source[i].text in ENDS), 0)
    opening = next((w for w in source[start:mark] if not w.is_mark), None)
    if opening is None:
        return ""
    if any(w.text in BREAKS for w in source[start : mark + 1]):
        return f"{source[mark + 1].text!r} follows a dash or a colon: no clause"
    if source[mark].text != ",":
        return ""
    leads = opening.text in PREPOSITIONS | SUBORDINATE or re.fullmatch(r"\w+(?:ly|ed|ing)", opening.text)
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
    if skipped and not between and all(w.text in MARKS for w in skipped):
        return f"the {skipped[0].text!r} between {source[start].text!r} and {source[end].text!r} is lost"
    put_in = next((w.text for w in between if w.text in LINKS and w.text not in {s.text for s in skipped}), "")
    if put_in:
        return f"the {put_in!r} between {source[start].text!r} and {source[end].text!r} is not in the sources"
    if any(w.text in _OPENERS or w.is_mark for w in between):
        return ""
    if [w.text for w in skipped] in (["that"], ["who"], ["which"]) and not source[start].reports:
        return f"the {skipped[0].text!r} between {source[start].text!r} and {source[end].text!r} is lost"
    lost = next((w.text for w in skipped if w.text in LINKS), "")
    if lost and not any(w.content or w.is_mark for w in skipped) and not any(w.text in LINKS for w in between):
        return f"the {lost!r} between {source[start].text!r} and {source[end].text!r} is lost"
    for k in range(len(skipped) - 1, -1, -1):
        word = skipped[k].text
        if word in (",", "-", "–", "—", ")", ";"):
            return ""
        if word in _OPENERS:
            own = [w for w in skipped[k + 1 :] if w.text in SUBJECTS or (w.content and not w.text.endswith("ly"))]
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
