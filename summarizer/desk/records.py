"""From an editor's list to the record that is kept: what was changed, what it stands on, what its checks say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from html import escape
from typing import Any, Literal

from ..reading import Article
from ..summary import Bullet, Span, in_markdown
from .store import Revision

Check = Callable[[Article, str, Sequence[Span] | None], Bullet]
Given = Mapping[str, Any]
Form = Literal["html", "markdown", "text"]


def article_of(record: Given) -> Article:
    """The article of a record."""
    return Article(record["text"], record["title"], record["language"])


def revised(
    record: Given, history: Sequence[Revision], given: Sequence[Given], reasons: Mapping[str, str], check: Check
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A new version of a list.

    Args:
        record: The version before.
        history: Every version, the draft first.
        given: What the editor sent: for each bullet "text", "id" where it was in the draft or the version before,
            "sources" (objects with "start" and "end"), and "reason".
        reasons: Why bullets of the draft were deleted, by their ids.
        check: Looks at a text that is new: `Summarizer.check`.

    Returns:
        Its bullets, and the draft's bullets that are not in it.

    Raises:
        ValueError: A bullet says nothing, an id stands twice or is unknown, or a source is no sentence of the story.
    """
    article, drafted = article_of(record), {one["id"]: one for one in history[0].bullets}
    known = drafted | {one["id"]: one for one in record["bullets"]}
    highest = max((int(one["id"][1:]) for version in history for one in version.bullets), default=0)
    bullets: list[dict[str, Any]] = []
    for number, one in enumerate(given, 1):
        id, text = one.get("id"), " ".join(str(one["text"]).split())
        if id and (id not in known or any(other["id"] == id for other in bullets)):
            raise ValueError(f"bullet {number}: the id {id!r} is {'twice in the list' if id in known else 'unknown'}")
        if not text:
            raise ValueError(f"bullet {number} says nothing; delete it, or give it words")
        if not id:
            highest += 1
        try:
            made = _bullet(article, {**one, "text": text}, known.get(id or ""), drafted.get(id or ""), check)
        except ValueError as error:
            raise ValueError(f"bullet {number}: {error}") from None
        bullets.append({"id": id or f"b{highest}"} | made)
    unknown = set(reasons) - set(drafted)
    if unknown:
        raise ValueError(f"no bullet of the draft has the id {min(unknown)!r}")
    there = {one["id"] for one in bullets}
    gone = [
        {"id": id, "text": one["text"], "sources": one["sources"]} | ({"reason": reasons[id]} if id in reasons else {})
        for id, one in drafted.items()
        if id not in there
    ]
    return bullets, gone


def _bullet(article: Article, given: Given, before: Given | None, draft: Given | None, check: Check) -> dict[str, Any]:
    """A bullet without its id: as the software or an editor has written it before, or newly checked."""
    spans = spans_of(article, given.get("sources"))
    for one in filter(None, (draft, before)):
        if given["text"] == one["text"] and _same(spans, one):
            made = {name: value for name, value in one.items() if name not in ("id", "reason", "draft_sources")}
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


def spans_of(article: Article, given: Sequence[Given] | None) -> list[Span] | None:
    """Pieces of an article; None where none are named.

    Raises:
        ValueError: One lies outside the text.
    """
    if not given:
        return None
    spans = []
    for one in given:
        start, end = int(one["start"]), int(one["end"])
        if not 0 <= start < end <= len(article.text):
            raise ValueError(f"there is nothing at {start} to {end}: the text has {len(article.text):,} characters")
        spans.append(Span(start, end, article.text[start:end]))
    return spans


def _plain(bullet: Bullet) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(bullet).items()}
