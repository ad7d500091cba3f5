"""The smallest changes of a sentence: references put in, and words left out.

References say who or what a mention means: "he", "the company" or "their" is replaced, or a name is completed, with the
person's role. (Choi et al. 2021, "Decontextualization", call them NP swap and name completion.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from summarizer.checks import QUOTED
from summarizer.points import only_leaves_out

_TOKEN = re.compile(r"\w+(?:[-.’']\w+)*|[^\w\s]")
_PERSONAL = frozenset("he she they it him them".split())
_POSSESSIVE = frozenset("his her their its".split())
_DETERMINERS = frozenset("the this that these those".split())
_REPORTING = frozenset("said says say told tells wrote writes added adds".split())
_PREPOSITIONS = frozenset("in at on for of to from by and with after as".split())
_APART = frozenset('.;:"“”‘()')
_SINGLE_QUOTED = re.compile(r"(?<!\w)['‘][^\n]*?['’](?!\w)")
_MENTION, _MEANING, _NAME = 6, 14, 7
"""Maximum number of tokens of a mention, of what is put in its place, and of what completes a name."""

Edit = tuple[int, int, str]
"""Start and end of a mention in the sentence, and the words in its place."""


def shortens(text: str, sentence: str) -> bool:
    """True if a text is a sentence with words left out and, possibly, references put in."""
    return only_leaves_out(text, edited(sentence, list(reference_edits(sentence, text))))


def edited(sentence: str, edits: Sequence[Edit]) -> str:
    """Returns the sentence after the edits."""
    for start, end, meaning in sorted(edits, reverse=True):
        sentence = sentence[:start] + meaning + sentence[end:]
    return re.sub(r"\s+,", ",", sentence[:1].upper() + sentence[1:])


def reference_edits(sentence: str, alone: str) -> Iterator[Edit]:
    """Yields those changes from a sentence to the text that stands alone that only say who or what a mention means.
    Nothing inside quotation marks changes."""
    old, new = list(_TOKEN.finditer(sentence)), list(_TOKEN.finditer(alone))
    quoted = [match.span() for marks in (QUOTED, _SINGLE_QUOTED) for match in marks.finditer(sentence)]
    before, after = ([match.group().lower().replace("’", "'") for match in of] for of in (old, new))
    same = SequenceMatcher(None, before, after, autojunk=False)
    for kind, i, i_end, j, j_end in same.get_opcodes():
        if kind not in ("replace", "insert") or i == len(old):
            continue
        at, meaning = old[i].start(), [match.group() for match in new[j:j_end]]
        if any(start <= at < end for start, end in quoted) or not _says_what_is_meant(meaning):
            continue
        put_in = alone[new[j].start() : new[j_end - 1].end()]
        mention = [match.group() for match in old[i:i_end]]
        if i and old[i - 1].group().lower() in _DETERMINERS:  # "the move", "the 2009 reform"
            if _is_proper(meaning, starts=False) and "," not in (*mention, *meaning) and len(mention) < 3:
                yield at, old[i_end - 1].end() if mention else at, put_in if mention else f"{put_in} "
        elif mention:
            if _is_mention(mention, meaning, starts=j == 0):
                yield at, old[i_end - 1].end(), put_in
        elif j_end < len(new) and _completes_name(meaning, old[i].group(), new[j_end].group(), starts=i == 0):
            yield at, at, f"{put_in} "


def _says_what_is_meant(meaning: list[str]) -> bool:
    plain = not any(word.lower() in _REPORTING or word in _APART for word in meaning)
    return len(meaning) <= _MEANING and plain and meaning[0] not in ",-–—'" and "'" not in meaning[:-1]


def _is_mention(mention: list[str], meaning: list[str], starts: bool) -> bool:
    """True if a mention may be replaced by what is meant. `starts` is True at the start of the sentence."""
    first, last = mention[0].lower(), meaning[-1].lower()
    if len(mention) > _MENTION:
        return False
    if len(mention) == 1 and mention[0][0].isupper() and first not in _PERSONAL | _POSSESSIVE | _DETERMINERS:
        return last == first  # a longer form of the same name
    proper = _is_proper(meaning, starts)
    if not proper and len(meaning) < 2:
        return False
    owner = last.endswith(("'s", "’s", "'", "’"))
    if len(mention) == 1 and first in _PERSONAL | _POSSESSIVE:
        return meaning[0].lower() not in _PERSONAL | _POSSESSIVE and owner == (first in _POSSESSIVE)
    if first in _DETERMINERS:
        return (first == "the" and proper) if len(mention) == 1 else "," not in mention[:-1]
    return first in _POSSESSIVE


def _is_proper(meaning: list[str], starts: bool) -> bool:
    """True if words have a name. The capital at the start of a sentence counts only before another word."""
    first = (
        starts and len(meaning) > 1 and meaning[0][0].isupper() and meaning[0].lower() not in _DETERMINERS | {"a", "an"}
    )
    return first or any(word[0].isupper() for word in meaning[starts:])


def _completes_name(meaning: list[str], name: str, now: str, starts: bool) -> bool:
    """True if words complete the name that follows them. `now` is the name in the text that stands alone."""
    if not name[0].isupper() or not now[0].isupper() or len(meaning) > _NAME or "," in meaning:
        return False
    if meaning[0].lower() in _PREPOSITIONS:
        return False
    return meaning[0][0].isupper() if starts else meaning[-1][0].isupper()
