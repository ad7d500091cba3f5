"""Turns chosen sentences into a bullet, without the words that only tie them to their neighbours.

Nothing else is changed, and only one thing is added: a quotation mark, if a quotation begins before the sentences or
ends after them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from ..checks import QUOTED
from ..reading import words

_TIE = re.compile(
    r"""(?:
      (?:But|And|Yet)\b(?!\ for\b),?
    | (?:Meanwhile|However|Also|Still|Moreover|Furthermore|Additionally|Besides|Nevertheless|Nonetheless
      |In\ addition|Even\ so|At\ the\ same\ time|On\ the\ other\ hand|Of\ course|Indeed|In\ fact),
    )\s+(?=\w)""",
    re.VERBOSE,
)
_ASIDE = re.compile(r"\s*\((?P<inside>[^()\n]*)\)(?=\s|[,.;:!?](?!\w)|$)")
_SHORT_NAME = re.compile(r"[A-Z][\w.&-]{0,9}")
_OTHER_MARKS = re.compile(r"[„«»]|(?:^|\s)”(?=\w)|“(?=[\s,.;:!?]|$)")
_QUOTATION_MARK = re.compile(r"[“”\"]")


def tidied(sentence: str) -> str:
    """Returns the sentence on one line, without a bullet sign, "But" or "Meanwhile," at its start, and without asides
    in parentheses.

    Quoted text and parts of a longer quotation are not changed. A short name in parentheses stays ("the European
    Central Bank (ECB)"), since a later sentence may use it.
    """
    text = " ".join(sentence.split()).removeprefix("• ")
    if text.count('"') % 2 or text.count("“") != text.count("”"):
        return text
    match = _TIE.match(text)
    if match:
        text = text[match.end()].upper() + text[match.end() + 1 :]
    quoted = [m.span() for m in QUOTED.finditer(text)]

    def kept(aside: re.Match[str]) -> str:
        inside = any(start < aside.start() < end for start, end in quoted)
        return aside.group() if inside or not aside.start() or _SHORT_NAME.fullmatch(aside["inside"]) else ""

    return _ASIDE.sub(kept, text)


def bullet_of(sentences: Sequence[str]) -> str:
    """Returns neighbouring sentences as one bullet. A "But" between two of them stays."""
    first, *rest = sentences
    return quoted(" ".join([tidied(first), *(" ".join(sentence.split()) for sentence in rest)]))


def only_leaves_out(text: str, sentence: str) -> bool:
    """True if a text is a sentence, or several, with words left out: at least one, and nothing added or moved."""
    kept, there = ([word.lower() for word in words(string)] for string in (text, sentence))
    rest = iter(there)
    return 0 < len(kept) < len(there) and all(word in rest for word in kept)


def kept_words(text: str, sentence: str) -> float:
    """Returns the share of a sentence's words that a text has in the same order, 0 to 1."""
    kept, there = ([word.lower() for word in words(string)] for string in (text, sentence))
    same = SequenceMatcher(None, kept, there, autojunk=False).get_matching_blocks()
    return sum(block.size for block in same) / max(len(there), 1)


def quoted(text: str) -> str:
    """Adds missing quotation marks: one at the start if the text begins inside a quotation, and one at the end if it
    ends inside one. Inch marks do not count. A text with the quotation marks of another language is not changed."""
    if _OTHER_MARKS.search(text):
        return text
    inside, begins, depth = False, False, 0
    for mark in _QUOTATION_MARK.finditer(text):
        at = mark.start()
        if mark.group() != "“" and not inside and text[at - 1 : at].isdigit():
            continue
        opens = mark.group() == "“" or (
            mark.group() == '"' and not _closes(text, at) and (not inside or _opens(text, at))
        )
        begins = begins or not (opens or depth)
        inside, depth = opens, depth + 1 if opens else max(depth - 1, 0)
    if inside:
        text += "”" if "“" in text else '"'
    if begins:
        text = ("“" if "”" in text else '"') + text
    return text


def _closes(text: str, at: int) -> bool:
    """True if a straight quotation mark is placed like a closing one: after a word or a full stop, not before a
    word."""
    return at > 0 and not text[at - 1].isspace() and text[at - 1] not in "([—-" and not text[at + 1 : at + 2].isalnum()


def _opens(text: str, at: int) -> bool:
    """True if a straight quotation mark is placed like an opening one: after white space and before a word. Each
    paragraph of a long quotation has one."""
    return text[at - 1 : at].isspace() and text[at + 1 : at + 2].isalnum()
