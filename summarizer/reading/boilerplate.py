"""What is not the story: datelines, bylines, captions, links, calls to read or watch, credits, copyright lines.

An editor does not quote these in a header list, and a model that scores them wastes its attention. Nothing is
removed from the article's text: `content_sentences` returns the sentences of the story, as spans of that text.
"""

from __future__ import annotations

import re

from .sentences import Sentence, is_terminated, paragraphs, split, trimmed, words

_AGENCY = r"(?:CNN|Reuters|AP|AFP|UPI|DPA|PA|ANI|Xinhua|Bloomberg|BBC|NBC|CBS|ABC|NPR|Associated Press)"
_DASH = r"(?:--+|[-–—:]|_)"
_PLACE = r"[A-Z][A-Z.'’ -]{2,30}(?:,\s*[A-Z][\w.'’ ]{1,30}){0,2}"
_DATELINE = re.compile(
    # Without a dash only where nothing or a place stands before it: "The Palestinian Authority (PA) said".
    rf"(?:{_PLACE}\s*)?\({_AGENCY}\)\s*{_DASH}*\s*|\([A-Z][\w.&'’ ]{{1,40}}\)\s*{_DASH}*\s*(?=[A-Z\"'“‘\d])"
    rf"|(?!The\b)(?:[A-Z][\w.'’-]+,?\s*){{1,5}}(?<!Press\s)(?<!Network\s)\((?:CNN|Reuters|AP|AFP)\)\s*{_DASH}*\s*"
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
    """The sentences of an article that tell the story.

    Args:
        text: The article's text.
        language: A language code; the splitter's rules depend on it. The phrases of news sites that are left out
            are English; the rules of form (headings, captions, links) hold for every language.

    Returns:
        Sentences in article order. Where all of the text looks like boilerplate (a list of headlines, say), all of
        it is returned: a reader who asked for key points wants some.
    """
    spans = paragraphs(text)
    ends = [is_terminated(text[a:b]) for a, b in spans]
    # Headings and captions are known by their missing full stop, which tells something only among paragraphs that
    # have one.
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
    """Whether a sentence is a site's furniture: "Read more: ...", "Ann Lee contributed to this report.", a byline."""
    return bool(
        _LINE.search(sentence)
        or _ANYWHERE.search(sentence)
        or _BYLINE.search(sentence)
        or not any(c.isalnum() for c in sentence)
    )


def title_of(text: str) -> str | None:
    """The headline, where a plain text opens with one: a short first paragraph without a full stop, and more behind."""
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
    """Without the link titles of flattened pages, whose full stop stands apart: "Fossil found by fisherman ."."""
    links = [bool(_DETACHED_STOP.search(s.text)) or bool(_CAPTION.search(s.text)) for s in sentences]
    if sum(links) > 0.3 * len(sentences):  # tokenized text has it everywhere
        return sentences
    return [s for s, link in zip(sentences, links, strict=True) if not link]
