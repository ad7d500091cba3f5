"""Splits text into paragraphs and sentences, with exact offsets.

All other modules use sentences as spans of the article's text; only this module computes their offsets. sentencex
splits one paragraph at a time, so that a mistake in one paragraph (an unpaired straight quote, say) does not affect the
next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise

import sentencex

MAX_WORDS = 80
"""Maximum words of a sentence. A longer one is a list, a table or a text without full stops; it is cut at clauses."""
MAX_CHARACTERS = 1000
"""Maximum characters of a sentence, so that a text without spaces (a megabyte of digits) cannot stop the work that
follows. The longest of 8,000 sentences of news has 459."""

MAX_PARAGRAPH = 20_000
"""Maximum characters of a paragraph. A longer one is cut behind a sentence: the splitter's time grows with the square
of unpaired marks."""

_WORD = re.compile(r"[぀-ヿ㐀-鿿가-힯฀-๿]|[^\W_]+(?:['’.,-][^\W_]+)*")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")
_LINE = re.compile(r"\n\s*")
_CLAUSE_END = re.compile(r"[;:,،、，；]\s*|\s[-–—]+\s|\s+")
_INNER_STOP = re.compile(r"[.!?]['\"”’)]*\s+['\"“‘(]*[A-Z]")
_TERMINATED = re.compile(r"[.!?…。！？؟।۔:](?:\s*(?:[\"'”’»)\]」』]|\[\d+\]))*$")
_MARKS_TO_SPACES = str.maketrans(dict.fromkeys('"“”„«»•●▪', " "))
_TITLE_END = re.compile(
    r"(?:^|\s)(?:Coun|Cllr|Capt|Insp|Supt|Det|Sgt|Gov|Sen|Rep|Lt|Col|Gen|Maj|Cpl|Rev|Hon|Prof|Messrs|Fr|Amb|Adm)\.$"
)
_SAINT_END = re.compile(r"(?:^|[^\w\s.]\s*|\b[a-z]+\s|\bThe\s)(?:St|Ste|Mt|Ft)\.$")
"""Abbreviations for "Saint", "Mount" and "Fort": "in St. | Joseph", not "on Elm St. | Police"."""
_CLOCK_END = re.compile(r"\b[ap]\.m\.$", re.IGNORECASE)
_MAY_END = re.compile(r"\bMay\.[\"”]?\s+(?=[\"“]?[A-Z])")
"""A sentence that ends in the month, which sentencex takes for an abbreviation: "by May. | Critics"."""
_OPENS_BEHIND = re.compile(r"[.!?]\s+\"$")
_CLOSES_BEFORE = re.compile(r"[\"”]\s+(?=[\"“(\[]?\w)")
_INITIAL_END, _INITIAL = re.compile(r"(?<!\w)[A-Z]\.$"), re.compile(r"[A-Z]\.")
_LAST = 60
"""Number of characters at the end of a sentence that are looked at, to see whether it goes on."""
_ASKED_END = re.compile(r"[?!][\"”'’]$")
_POSSESSIVE = re.compile(r"['’]s\b")
_SPEAKER = re.compile(r"(?:[A-Z][\w.'’-]*\s){1,4}(?:said|says|asked|asks|wrote|writes|told|tweeted|added|shouted)\b")
_CLOCK_GOES_ON = re.compile(
    r"(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|[ECMP][SD]?T\b|GMT|UTC|BST|[a-z(]"
    r"|(?:Jan|Febr)uary|March|April|May|June|July|August|(?:Septem|Octo|Novem|Decem)ber)"
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the story.

    Attributes:
        text: The sentence, `article.text[start:end]`.
        start: Offset of its first character in the article's text.
        end: Offset after its last character.
        section: Index of its section, from 0. A subheading starts a new section.
    """

    text: str
    start: int
    end: int
    section: int = 0


def words(text: str) -> list[str]:
    """Returns the words of a text, in order. A Chinese, Japanese, Korean or Thai character counts as a word."""
    return _WORD.findall(text)


def is_terminated(text: str) -> bool:
    """True if a text ends like a sentence: with a full stop or a similar mark, and any closing quotes or brackets."""
    return _TERMINATED.search(text) is not None


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Returns the span without white space at its start and end."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def paragraphs(text: str) -> list[tuple[int, int]]:
    """Returns the spans (start, end) of a text's paragraphs, trimmed, none empty.

    Blank lines always separate paragraphs. A single line break separates them too, unless the text is hard-wrapped
    (many lines of about the same width that end in the middle of a sentence), as in e-mails and old archives. A
    paragraph of more than MAX_PARAGRAPH characters becomes several.
    """
    border = _BLANK_LINE if _is_hard_wrapped(text) else _LINE
    spans, start = [], 0
    for match in border.finditer(text):
        spans.append(trimmed(text, start, match.start()))
        start = match.end()
    spans.append(trimmed(text, start, len(text)))
    return [(a, b) for span in spans for a, b in _parts(text, *span) if a < b]


def _parts(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while end - start > MAX_PARAGRAPH:
        high = start + MAX_PARAGRAPH
        cuts = (text.rfind(mark, start + 1, high) + 1 for mark in (". ", " "))
        cut = next((at for at in cuts if at), high)
        yield trimmed(text, start, cut)
        start = cut
    yield trimmed(text, start, end)


def split(text: str, start: int, end: int, language: str = "en") -> list[tuple[int, int]]:
    """Returns the spans of the sentences of one paragraph, `text[start:end]`, as offsets into `text`; trimmed, none
    empty."""
    spans: list[tuple[int, int]] = []
    for a, b in _boundaries(text[start:end], language):
        # After an unclosed opening quote or a bullet sign, sentencex takes all that follows for one sentence. So such a
        # span is split again without these marks.
        if _INNER_STOP.search(text, start + a, start + b) and len(words(text[start + a : start + b])) > MAX_WORDS // 2:
            inner = _boundaries(text[start + a : start + b].translate(_MARKS_TO_SPACES), language)
            spans += [(a + c, a + d) for c, d in inner]
        else:
            spans.append((a, b))
    result: list[tuple[int, int]] = []
    for a, b in spans:
        a, b = trimmed(text, start + a, start + b)
        if a == b:
            continue
        if result and (mark := _CLOSES_BEFORE.match(text, a, b)) and result[-1][1] == a:
            result[-1], a = (result[-1][0], a + 1), mark.end()
        before = text[max(result[-1][0], result[-1][1] - _LAST) : result[-1][1]] if result else ""
        inside = bool(result) and result[-1][1] == a and _INITIAL_END.search(before) and _INITIAL.match(text, a, b)
        if inside or (result and _goes_on(before, text[a:b])):  # inside: "South Korea-U.|S. drills"
            a = result.pop()[0]
        result.append((a, b))
    return [piece for a, b in _with_their_marks(text, result) for piece in _short(text, a, b)]


def _with_their_marks(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Moves an opening quotation mark from the end of a sentence to the start of the next: `he said. "|We are`."""
    result = list(spans)
    for i, (a, b) in enumerate(spans[:-1]):
        if _OPENS_BEHIND.search(text, a, b) and text[b].isalnum():
            result[i] = trimmed(text, result[i][0], b - 1)
            result[i + 1] = (b - 1, spans[i + 1][1])
    return result


def _boundaries(paragraph: str, language: str) -> list[tuple[int, int]]:
    # sentencex knows "pt" but not "pt-BR", and uses its English rules for an unknown code.
    code = language.split("-", maxsplit=1)[0].lower() or "en"
    found = [(int(b["start_index"]), int(b["end_index"])) for b in sentencex.get_sentence_boundaries(code, paragraph)]
    if code != "en":
        return found
    ends = {match.end() for match in _MAY_END.finditer(paragraph)}
    cuts = sorted({cut for span in found for cut in span} | ends)
    return list(pairwise(cuts))


def _goes_on(before: str, after: str) -> bool:
    """True if two spans are one sentence: "at 5 p.m. | Tuesday", "Coun. | Malloy", ""Why?" | Roe asked", ""No!" | he
    said", "Which?|'s survey", or if the second has only a quotation mark or the like."""
    if not any(c.isalnum() for c in after) or _POSSESSIVE.match(after):
        return True
    if _ASKED_END.search(before) and (after[:1].islower() or _SPEAKER.match(after)):
        return True
    if _SAINT_END.search(before) and after[:1].isupper():
        return True
    return bool(_TITLE_END.search(before) or (_CLOCK_END.search(before) and _CLOCK_GOES_ON.match(after)))


def _short(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Cuts a span of more than MAX_WORDS words or MAX_CHARACTERS characters."""
    spans = [trimmed(text, at, min(at + MAX_CHARACTERS, b)) for a, b in _pieces(text, start, end)
             for at in range(a, b, MAX_CHARACTERS)]  # fmt: skip
    return [(a, b) for a, b in spans if a < b]


def _pieces(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Cuts a span of more than MAX_WORDS words at its clauses or, if there are none, between words."""
    if end - start <= MAX_WORDS or len(words(text[start:end])) <= MAX_WORDS:
        return [(start, end)]
    result, at = [], start
    width = MAX_WORDS // 2
    while at < end:
        ends = [m.end() for m in islice(_WORD.finditer(text, at, end), width)]
        if len(ends) < width or ends[-1] >= end:
            result.append(trimmed(text, at, end))
            break
        cut = _clause_cut(text, ends[width // 2], ends[-1], end)
        result.append(trimmed(text, at, cut))
        at = cut
    return result


def _clause_cut(text: str, low: int, high: int, end: int) -> int:
    """Returns the best offset for a cut from `low` to `high`: after the last comma or similar mark, else after the last
    space, else `high`."""
    cuts = list(_CLAUSE_END.finditer(text, low, min(high + 1, end)))
    strong = [m for m in cuts if m.group().strip()]
    return (strong or cuts)[-1].end() if cuts else high


def _is_hard_wrapped(text: str) -> bool:
    lines = [line.strip() for line in text[:20_000].split("\n") if line.strip()]
    if len(lines) < 4:
        return False
    widths = sorted(len(line) for line in lines)
    typical, longest = widths[len(widths) // 2], widths[-1]
    cut = sum(not is_terminated(line) for line in lines)
    return typical >= 40 and longest <= 1.5 * typical and longest <= 120 and cut >= 0.4 * len(lines)
