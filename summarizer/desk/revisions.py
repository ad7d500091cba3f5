"""Turns an editor's list into the stored record, with the changes, the source sentences and the checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from html import escape
from typing import Any, Literal

from ..checks import FAULT_NAMES
from ..reading import Article
from ..summary import Bullet, Span, in_markdown
from .store import Revision

Check = Callable[[Article, str, Sequence[Span] | None], Bullet]
Given = Mapping[str, Any]
Form = Literal["html", "markdown", "text"]
REASONS: dict[str, str] = dict(FAULT_NAMES.items()) | {"other": "another reason"}
"""Names of an editor's reasons for changing or deleting a point."""


def article_of(record: Given) -> Article:
    """Returns the article of a record."""
    return Article(record["text"], record["title"], record["language"])


def revised(
    record: Given, history: Sequence[Revision], given: Sequence[Given], reasons: Mapping[str, str], check: Check
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Returns a new version of a list.

    Args:
        record: The previous version.
        history: All versions, the draft first.
        given: The bullets that the editor sent: "text", "id" if the bullet was in the draft or the previous version,
            "sources" (objects with "start" and "end") and "reason".
        reasons: The reasons for deleting bullets of the draft, by bullet id.
        check: Checks a new text, as `Summarizer.check` does.

    Returns:
        The bullets of the new version, and the draft's bullets that it no longer has.

    Raises:
        ValueError: A bullet is empty, an id is used twice or unknown, or a source is not in the story.
    """
    article, drafted = article_of(record), {bullet["id"]: bullet for bullet in history[0].bullets}
    known = drafted | {bullet["id"]: bullet for bullet in record["bullets"]}
    highest = max((int(bullet["id"][1:]) for version in history for bullet in version.bullets), default=0)
    bullets: list[dict[str, Any]] = []
    for number, bullet in enumerate(given, 1):
        id, text = bullet.get("id"), " ".join(str(bullet["text"]).split())
        if id and (id not in known or any(other["id"] == id for other in bullets)):
            raise ValueError(f"point {number}: the id {id!r} is {'twice in the list' if id in known else 'unknown'}")
        if not text:
            raise ValueError(f"point {number} is empty; delete it, or write a text")
        if not id:
            highest += 1
        try:
            made = _bullet(article, {**bullet, "text": text}, known.get(id or ""), drafted.get(id or ""), check)
        except ValueError as error:
            raise ValueError(f"point {number}: {error}") from None
        bullets.append({"id": id or f"b{highest}"} | made)
    unknown = set(reasons) - set(drafted)
    if unknown:
        raise ValueError(f"removed: the draft has no bullet with the id {min(unknown)!r}")
    there = {bullet["id"] for bullet in bullets}
    gone = [
        {"id": id, "text": bullet["text"], "sources": bullet["sources"]}
        | ({"reason": reasons[id]} if id in reasons else {})
        for id, bullet in drafted.items()
        if id not in there
    ]
    return bullets, gone


def _bullet(article: Article, given: Given, before: Given | None, draft: Given | None, check: Check) -> dict[str, Any]:
    """Returns a bullet without its id. A text that is the same as before keeps its checks; a new text is checked."""
    spans = spans_of(article, given.get("sources"))
    for bullet in filter(None, (draft, before)):
        if given["text"] == bullet["text"] and _same(spans, bullet):
            made = {name: value for name, value in bullet.items() if name not in ("id", "reason", "draft_sources")}
            break
    else:
        if spans is None and before:
            spans = spans_of(article, before["sources"])
        made = _plain(check(article, given["text"], spans))
    if draft:
        made["draft"] = draft["draft"]
        if made["sources"] != draft["sources"]:
            made["draft_sources"] = draft["sources"]
        if given.get("reason") and given["text"] != draft["draft"]:
            made["reason"] = given["reason"]
    return made


def formatted(record: Given, form: Form) -> str:
    """Returns a list to paste into a story, with the line for readers.

    Args:
        record: The list.
        form: "html", "markdown" or "text".
    """
    texts = [str(bullet["text"]) for bullet in record["bullets"]]
    line = str(record["disclosure"])
    if form == "html":
        items = "\n".join(f"  <li>{escape(text)}</li>" for text in texts)
        return f'<ul class="key-points">\n{items}\n</ul>\n<p class="key-points-note">{escape(line)}</p>\n'
    if form == "markdown":
        return "\n".join([*(f"- {in_markdown(text)}" for text in texts), "", f"*{in_markdown(line)}*", ""])
    return "\n".join([*texts, "", line, ""])


def _same(spans: Sequence[Span] | None, before: Given) -> bool:
    return spans is None or [(s.start, s.end) for s in spans] == [(s["start"], s["end"]) for s in before["sources"]]


def spans_of(article: Article, given: Sequence[Given] | None) -> list[Span] | None:
    """Returns pieces of an article, or None if there are none.

    Raises:
        ValueError: The offsets of a piece are outside the text.
    """
    if not given:
        return None
    spans = []
    for span in given:
        start, end = int(span["start"]), int(span["end"])
        if not 0 <= start < end <= len(article.text):
            raise ValueError(f"the offsets {start} to {end} are invalid: the text has {len(article.text):,} characters")
        spans.append(Span(start, end, article.text[start:end]))
    return spans


def _plain(bullet: Bullet) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(bullet).items()}
