"""Chosen sentences as a bullet: words that only tie them to their neighbours are left out. Nothing is changed or put
in."""

from __future__ import annotations

import re
from collections.abc import Sequence

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
QUOTED = re.compile(r"“[^”]*”|\"[^\"]*\"|‘(?:[^’]|’(?=\w))*’")


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
    return " ".join([tidied(first), *(" ".join(sentence.split()) for sentence in rest)])
