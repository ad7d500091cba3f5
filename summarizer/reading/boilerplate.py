"""Skips text that is not the story: datelines, bylines, captions, links, calls to read or watch, credits, copyright.

Editors do not quote these in a header list, and scoring them would only distract the model. Nothing is removed from the
article's text: `content_sentences` returns the sentences of the story, as spans of that text.
"""

from __future__ import annotations

import re

from .sentences import Sentence, is_terminated, paragraphs, split, trimmed, words

_AGENCY = r"(?:CNN|Reuters|AP|AFP|UPI|DPA|PA|ANI|Xinhua|Bloomberg|BBC|NBC|CBS|ABC|NPR|Associated Press)"
_DASH = r"(?:--+|[-–—:]|_)"
_PLACE = r"[A-Z][A-Z.'’ -]{2,30}(?:,\s*[A-Z][\w.'’ ]{1,30}){0,2}"
_DATELINE = re.compile(
    # The dash is optional only if the parenthesis opens the text or follows a place name:
    # "The Palestinian Authority (PA) said" has no dateline.
    rf"(?:{_PLACE}\s*)?\({_AGENCY}\)\s*{_DASH}*\s*|\([A-Z][\w.&'’ ]{{1,40}}\)\s*{_DASH}*\s*(?=[A-Z\"'“‘\d])"
    rf"|(?!The\b)(?:[A-Z][\w.'’-]++,?\s*){{1,5}}(?<!Press\s)(?<!Network\s)\((?:CNN|Reuters|AP|AFP)\)\s*{_DASH}*\s*"
    rf"|(?:[A-Z][\w.,'’ -]{{2,60}}?\s*)?\([A-Z][\w.&'’ ]{{1,40}}\)\s*{_DASH}+\s*"
    rf"|{_PLACE}(?:,?\s+[A-Z][a-z]+\.?\s+\d{{1,2}})?(?:\s*(?:--+|—)|\s[-–])\s*(?=[A-Z\"'“‘\d])"
)
_LINE = re.compile(
    r"""^(?:
      (?:read|see|view|watch|listen|hear|explore)(?:\ (?:more|also|it|next|now|this|the\ full|our))*\s*:
    | (?:read|see)\ (?:more|also)\b(?!\s+than) | (?:related|more|photos?|video|gallery|in\ pictures|pictures|opinion|
      live\ updates|timeline|interactive|infographic|quiz|podcast|from\ the\ archives?|report\ card|poll|map|
      pictured|image|photograph|caption|credit)s?(?:\ (?:credits?|source|caption|by))?\s*:
    | (?:sources?|contacts?|references?)(?:\ includes?)?\s*: | watch\b.{0,80}\b(?:video|below|above|clip)\b
    | (?:click|tap)\ (?:here|on|through)\b | scroll\ down\b | i-?report\b(?:\.com)?\s*: | editor['’]?s?['’]?\ note\b
    | (?:sign\ up|subscribe|register)\b.{0,60}\b(?:newsletter|e-?mail|alert|update|podcast|channel|briefing)
    | (?:get|receive)\b.{0,60}\bnewsletter
    | (?:follow|join|find|like\ (?:us|our|this))\b[^,]{0,60}\b(?:twitter|facebook|instagram|linkedin|youtube|tiktok
      |bluesky|whatsapp|threads|telegram)\b
    | share\ your\b | tell\ us\b | (?:have|got)\ a\ (?:news\ )?tip\b
    | e-?mail\ to\ a\ friend | (?:the\ )?(?:opinions|views)\ expressed\b | the-cnn-wire
    | (?:copyright\W+(?:\d|c\b|the\b)|©|\(c\)\s*\d)
    | (?:advertisement|sponsored\ content|story\ continues\ below)\b.{0,30}$ | see\ the\ original\b
    | (?:additional\ |writing\ and\ )?report(?:ing|ed)\ by\b(?!\ (?:the|a|an|local|other|several|many)\b)
    | (?:this|the)\ (?:article|story|post|piece)\ (?:was\ )?(?:originally|first)\ (?:published|appeared)
    | for\ more\ (?:information|stories|news|on\ this)\b
    | (?:last\ )?(?:updated|published)\s*(?:at|on)?\s*:?\s*\d | subscribe\b.{0,40}$ | this\ is\ a\ developing\ story
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_ANYWHERE = re.compile(
    r"contributed (?:reporting|to (?:this|the) +(?:report|story|article|piece))|all rights reserved|click here"
    r"|may not be published, broadcast|for confidential support|terms of (?:use|service) and privacy"
    r"|^[^«»]*»\s*\.?$|\bgetty images\b\W*$",
    re.IGNORECASE,
)
_BYLINE = re.compile(r"^[Bb]y[\s.]+(?:(?:[A-Z][\w.'’-]*|and|for|of|the|in|at|,|&|\||\.)[\s,.|]*){1,14}$")
_DETACHED_STOP = re.compile(r"\w ['\"”’)]*\.$")
_CAPTION = re.compile(
    r"^\W*pictured\b|(?<![(,])(?<!,\s)\bpictured\b(?!\))[^,]*$|\(left\).*\(right\)|\(right\).*\(left\)", re.IGNORECASE
)
_HEADING_WORDS = 14
_CAPTION_WORDS = 60


def content_sentences(text: str, language: str = "en") -> tuple[Sentence, ...]:
    """Returns the sentences of an article that belong to the story.

    Args:
        text: The article's text.
        language: A language code; it selects the splitter's rules. The phrases of news sites that are skipped are
            English; the rules of form (headings, captions, links) apply to every language.

    Returns:
        Sentences in article order. If all of the text looks like boilerplate (a list of headlines, say), all of it is
        returned, so that there is something to summarize.
    """
    spans = paragraphs(text)
    ends = [is_terminated(text[a:b]) for a, b in spans]
    # A paragraph without a full stop is a heading or a caption, if most of the text is in paragraphs with one.
    formed = len(spans) > 2 and sum(b - a for (a, b), end in zip(spans, ends, strict=True) if end) > 0.6 * len(text)
    kept: list[Sentence] = []
    section = 0
    for (start, end), terminated in zip(spans, ends, strict=True):
        if not kept:
            start = _behind_dateline(text, _behind_dateline(text, start, end), end)  # "(CNN) (The Wire)The mayor"
        if formed and not terminated and _is_heading(text[start:end]):
            section = kept[-1].section + 1 if kept else 0
            continue
        sentences = split(text, start, end, language)
        if formed and not terminated and sentences and not text[start:end].endswith((",", "-", "–", "—")):
            credit = is_boilerplate(text[slice(*sentences[-1])])
            caption = not credit and len(sentences) <= 2 and len(words(text[start:end])) <= _CAPTION_WORDS
            sentences = [] if caption else sentences[:-1]
        found = [(a, b) for a, b in sentences if not is_boilerplate(text[a:b])]
        kept += [Sentence(text[a:b], a, b, section) for a, b in found]
    kept = _without_links(kept)
    if kept:
        return tuple(kept)
    everything = [span for start, end in spans for span in split(text, start, end, language)]
    return tuple(Sentence(text[a:b], a, b) for a, b in everything if any(c.isalnum() for c in text[a:b]))


def is_boilerplate(sentence: str) -> bool:
    """True for boilerplate of a news site: "Read more: ...", "Ann Lee contributed to this report.", a byline."""
    return bool(
        _LINE.search(sentence)
        or _ANYWHERE.search(sentence)
        or _BYLINE.search(sentence)
        or not any(c.isalnum() for c in sentence)
    )


def title_of(text: str) -> str | None:
    """Returns the headline if a plain text starts with one: a short first paragraph without a full stop, followed by
    paragraphs with one."""
    spans = paragraphs(text)
    if len(spans) < 2:
        return None
    first = text[slice(*spans[0])]
    heading = _is_heading(first) and not is_terminated(first) and not is_boilerplate(first)
    return first if heading and any(is_terminated(text[slice(*span)]) for span in spans[1:4]) else None


def _behind_dateline(text: str, start: int, end: int) -> int:
    match = _DATELINE.match(text[start : min(end, start + 120)])
    behind, _ = trimmed(text, start + match.end(), end) if match else (start, end)
    return behind if behind < end else start


def _is_heading(paragraph: str) -> bool:
    return len(paragraph) < 200 and len(words(paragraph)) <= _HEADING_WORDS and not paragraph.endswith((",", ";"))


def _without_links(sentences: list[Sentence]) -> list[Sentence]:
    """Drops captions, and the link titles of pages converted to text: "Fossil found by fisherman ." (a space before the
    full stop)."""
    links = [bool(_DETACHED_STOP.search(s.text)) or bool(_CAPTION.search(s.text)) for s in sentences]
    if sum(links) > 0.3 * len(sentences):  # in tokenized text every full stop has a space before it
        return sentences
    return [s for s, link in zip(sentences, links, strict=True) if not link]
