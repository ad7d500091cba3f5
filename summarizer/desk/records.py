"""From an editor's list to the record that is kept: what was changed, what it stands on, what its checks say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from html import escape
from typing import Any, Literal

from ..article import Article
from ..summary import Bullet, Span, in_markdown

Check = Callable[[Article, str, Sequence[Span] | None], Bullet]
Given = Mapping[str, Any]
Form = Literal["html", "markdown", "text"]


def article_of(record: Given) -> Article:
    """The article of a record."""
    return Article(record["text"], record["title"], record["language"])


def revised(record: Given, given: Sequence[Given], drafted: Sequence[Given], check: Check) -> list[dict[str, Any]]:
    """The bullets of a new version.

    Args:
        record: The version before.
        given: What the editor sent: for each bullet "text", "id" where it is one of the version before or of the draft,
            "sources" (objects with "start" and "end"), "method" where it is a wording that the software gave, and
            "reason".
        drafted: The bullets of the draft.
        check: Looks at a text that is new: `Summarizer.check`.

    Raises:
        ValueError: A bullet says nothing, an id stands twice or is unknown, or a source is no sentence of the story.
    """
    article = article_of(record)
    known = {one["id"]: one for one in (*drafted, *record["bullets"])}
    highest = max((int(id[1:]) for id in known), default=0)
    bullets: list[dict[str, Any]] = []
    for number, one in enumerate(given, 1):
        text = " ".join(str(one["text"]).split())
        before = known.get(one.get("id") or "")
        if one.get("id") and (before is None or any(other["id"] == one["id"] for other in bullets)):
            raise ValueError(f"bullet {number}: the id {one['id']!r} is {'twice in the list' if before else 'unknown'}")
        if not text:
            raise ValueError(f"bullet {number} says nothing; delete it, or give it words")
        spans = _spans(article, one.get("sources"))
        about: dict[str, Any] = {}
        if before:
            about["id"] = before["id"]
        else:
            highest += 1
            about["id"] = f"b{highest}"
        draft = before.get("draft") if before else None
        if draft is not None:
            about["draft"] = draft
        if before and before["text"] == text and _same(spans, before):
            about |= {k: v for k, v in before.items() if k not in about}
        else:
            if spans is None and before and before["sources"]:
                spans = _spans(article, before["sources"])
            try:
                about |= _plain(check(article, text, spans))
            except ValueError as error:
                raise ValueError(f"bullet {number}: {error}") from None
        about.pop("reason", None)
        if one.get("reason") and about["text"] != draft:
            about["reason"] = one["reason"]
        bullets.append(about)
    return bullets


def removed(drafted: Sequence[Given], bullets: Sequence[Given], reasons: Mapping[str, str]) -> list[dict[str, Any]]:
    """The draft's bullets that are not in a list any more, with the reasons that were given."""
    there = {one["id"] for one in bullets}
    return [
        {"id": one["id"], "text": one["text"], "sources": one["sources"]}
        | ({"reason": reasons[one["id"]]} if reasons.get(one["id"]) else {})
        for one in drafted
        if one["id"] not in there
    ]


def printed(record: Given, form: Form) -> str:
    """A list to paste into a story, with the line for readers.

    Args:
        record: The list.
        form: "html", "markdown" or "text".
    """
    texts = [str(one["text"]) for one in record["bullets"]]
    line = str(record["disclosure"])
    if form == "html":
        items = "\n".join(f"  <li>{escape(text)}</li>" for text in texts)
        return f'<ul class="key-points">\n{items}\n</ul>\n<p class="key-points-note">{escape(line)}</p>\n'
    if form == "markdown":
        return "\n".join([*(f"- {in_markdown(text)}" for text in texts), "", f"*{in_markdown(line)}*", ""])
    return "\n".join([*texts, "", line, ""])


def _same(spans: Sequence[Span] | None, before: Given) -> bool:
    return spans is None or [(s.start, s.end) for s in spans] == [(s["start"], s["end"]) for s in before["sources"]]


def _spans(article: Article, given: Any) -> list[Span] | None:
    if given is None:
        return None
    spans = []
    for one in given:
        start, end = int(one["start"]), int(one["end"])
        if not 0 <= start < end <= len(article.text):
            raise ValueError(f"there is nothing at {start} to {end}: the text has {len(article.text):,} characters")
        spans.append(Span(start, end, article.text[start:end]))
    return spans or None


def _plain(bullet: Bullet) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(bullet).items()}
