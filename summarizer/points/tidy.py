"""Chosen sentences as a bullet: words that only tie them to their neighbours are left out. Nothing is changed or put
in, but the other mark of a quotation that begins before them or ends behind them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..checks import QUOTED

_TIE = re.compile(
    r"""(?:
      (?:But|And|Yet)\b(?!\ for\b),?
    | (?:Meanwhile|However|Also|Still|Moreover|Furthermore|Additionally|Besides|Nevertheless|Nonetheless
      |In\ addition|Even\ so|At\ the\ same\ time|On\ the\ other\ hand|Of\ course|Indeed|In\ fact),
    )\s+(?=\w)""",
    re.VERBOSE,
)
_ASIDE = re.compile(r"\s*\((?P<inside>[^()\n]*)\)(?=[\s,.;:!?]|$)")
_SHORT_NAME = re.compile(r"[A-Z][\w.&-]{0,9}")
_OTHER_MARKS = re.compile(r"[„«»]|(?:^|\s)”(?=\w)|“(?=[\s,.;:!?]|$)")
_QUOTATION_MARK = re.compile(r"[“”\"]")


def tidied(sentence: str) -> str:
    """The sentence on one line, without a bullet sign or a "But" or "Meanwhile," at its start, and without asides in
    parentheses.

    What stands in quotation marks is left alone, and so is a piece of a longer quote, and a short name that is given in
    parentheses ("the European Central Bank (ECB)"), which a later sentence may use.
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
    """The bullet that neighbouring sentences make; a "But" between two of them stays."""
    first, *rest = sentences
    return quoted(" ".join([tidied(first), *(" ".join(sentence.split()) for sentence in rest)]))


def quoted(text: str) -> str:
    """The text with the quotation marks that it lacks: one at its start, where it begins inside a quotation, and one at
    its end, where it ends inside one. The mark of inches is none, and marks of another language stay as they are."""
    if _OTHER_MARKS.search(text):
        return text
    inside, begins = False, False
    for mark in _QUOTATION_MARK.finditer(text):
        at = mark.start()
        if mark.group() != "“" and not inside and text[at - 1 : at].isdigit():
            continue
        opens = mark.group() == "“" or (
            mark.group() == '"' and not _closes(text, at) and (not inside or _opens(text, at))
        )
        begins = begins or not (opens or inside)
        inside = opens
    if inside:
        text += "”" if "“" in text else '"'
    if begins:
        text = ("“" if "”" in text else '"') + text
    return text


def _closes(text: str, at: int) -> bool:
    """Whether a straight mark stands as a closing one does: behind a word or a stop, and before no word."""
    return at > 0 and not text[at - 1].isspace() and text[at - 1] not in "([—-" and not text[at + 1 : at + 2].isalnum()


def _opens(text: str, at: int) -> bool:
    """Whether a straight mark stands as an opening one does: behind white space, and before a word. Each paragraph of a
    long quotation has one."""
    return text[at - 1 : at].isspace() and text[at + 1 : at + 2].isalnum()
