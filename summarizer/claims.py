"""What is denied, what is a guess, and who says so: none of it may be lost, or put in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

from .lexicon import LABEL, RELATIVES, STOPS, SUBORDINATE, Word

_CLOSING = 2
"""Words that say something behind a "said" that closes what is said: ", police said late Monday"."""
_SPEAKER = 6
"""Words between a comma and the "said" that closes what is said."""
_SCOPE = 6
"""Words behind a "not" in which the word that it denies stands."""
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
_PRONOUNS = frozenset("he she it they".split())


def _negations(read: Sequence[Word]) -> list[int]:
    return [i for i, (word, after, behind) in enumerate(_threes(read)) if _negates(word, after, behind)]


def _threes(read: Sequence[Word]) -> Iterable[tuple[str, str, str]]:
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


def denied_otherwise(bullet: Sequence[Word], source: Sequence[Word]) -> str:
    """A "not" that was lost or put in; "" where nothing is seen. What a negation denies is the next word that says
    something."""
    there, known = _negations(bullet), _negations(source)
    places = {word.stem: at for at, word in enumerate(source) if word.content}
    for i in there:
        denied = next((w for w in bullet[i + 1 :] if w.content), None)
        at = places.get(denied.stem) if denied else None
        if not known or (denied and at is not None and not any(k < at <= k + _SCOPE for k in known)):
            return f"{bullet[i].text!r} is not in the sources"
    stems = {word.stem for word in bullet if word.content}
    denied_there = {w.stem for i in there for w in bullet[i + 1 : i + 1 + _SCOPE]}
    for i in known:
        denied = next((w for w in source[i + 1 : i + _SCOPE] if w.content), None)
        if denied and denied.stem in stems - denied_there:
            return f"{source[i].text!r} of {denied.text!r} is lost"
    return ""


def unattributed(bullet: str, read: Sequence[Word], source: Sequence[Word], kept: Collection[int]) -> str:
    """A claim that lost who makes it, or a guess that became a fact; "" where nothing is seen. `kept` are the places of
    the bullet's words in the source."""
    stems = {word.stem for word in read if word.content}
    for i, word in enumerate(source):
        if word.text in _UNSURE:
            unsure = next((w for w in source[i + 1 : i + 5] if w.content), None)
            if unsure and unsure.stem in stems and not _is_unsure(read, unsure.stem):
                return f"{word.text!r} before {unsure.text!r} is lost"
    fault = _strange_speaker(read, source)
    if fault or LABEL.match(bullet) or any(_claims(read, i) for i in range(len(read))):
        return fault
    for i, word in enumerate(source):
        if i not in kept and (word.says or (word.reports and not any(w.reports for w in read))):
            # ", said Roe." or ", said Roe, who leads the council"; but not "Roe, who left, says Lund is lucky"
            turned = i > 0 and source[i - 1].is_mark and any(w.is_mark for w in source[i + 1 : i + 6])
            turned |= word.text == "according"
            mark = next((j for j in range(i - 1, -1, -1) if source[j].is_mark), -1)
            near = range(i + 1, min(i + 4, len(source))) if turned else range(max(mark + 1, i - 3), i)
            end = next((j for j in range(i, len(source)) if source[j].text in STOPS), len(source))
            behind = sum(w.content for w in source[i + 1 : end]) > _CLOSING
            # "The pier is unsafe, Roe said in the spring", but not "It closed, after Roe said that it is unsafe"
            closes = (
                word.says
                and 0 <= mark >= i - _SPEAKER
                and source[mark + 1].text not in SUBORDINATE | RELATIVES | {"and", "but"}
            )
            claim = range(i + 1, end) if behind and not (turned or closes) else range(len(source))
            is_kept = any(source[j].content and j in kept for j in claim)
            if is_kept and not any(source[j].content and j in kept for j in near):
                return f"{word.text!r} and who does are lost"
    return ""


def _claims(read: Sequence[Word], at: int) -> bool:
    """Whether a word says that the bullet is what somebody says; "the pilot who police say fled was ill" is not."""
    beside = any(w.text in RELATIVES for w in read[max(0, at - 3) : at])
    return read[at].says and not beside and not read[at].text.endswith("ing")


def _strange_speaker(read: Sequence[Word], source: Sequence[Word]) -> str:
    """A "he said" that is not in the sources, which have another speaker, or a "said" without one."""
    pairs = {(a.text, b.stem) for a, b in pairwise(source)}
    for before, word in pairwise(read):
        if word.reports and before.text in _PRONOUNS and (before.text, word.stem) not in pairs:
            return f"'{before.text} {word.text}' is not in the sources"
    return ""


def _is_unsure(bullet: Sequence[Word], stem: str) -> bool:
    """Whether the word with this stem is called a guess or a plan: "may sail", "Roe to sail", "the alleged sale"."""
    at = next(i for i, word in enumerate(bullet) if word.stem == stem)
    near = bullet[max(0, at - _SCOPE) : at + 4]
    if any(w.text in _UNSURE or w.text.startswith(_CLAIMING) for w in near):
        return True
    return any(w.text == "to" for w in bullet[max(0, at - 2) : at])
