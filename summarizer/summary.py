"""What comes out: a summary, its bullets, the sentences they stand on, and the forms it is printed in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from html import escape
from typing import Any, Literal

from .reading import Article, paragraphs
from .version import __version__

Length = Literal["standard", "brief"]
Method = Literal["rewritten", "narrowed", "named", "extracted", "generated", "edited"]
Policy = Literal["checked", "flag", "extract"]
Status = Literal["draft", "approved"]
Count = int | Literal["auto"]

DISCLOSURE = (
    "Key points chosen and shortened by software from the sentences of the article; a draft until an editor has "
    "approved it."
)
DISCLOSURE_WRITTEN = (
    "Key points written by software from the article and held against its sentences; a draft until an editor has "
    "approved them."
)

_WRITTEN: tuple[Method, ...] = ("rewritten", "narrowed", "generated")


@dataclass(frozen=True, slots=True)
class Options:
    """What is wanted of a list: see `Summarizer.__call__`."""

    bullets: Count = "auto"
    length: Length = "standard"
    policy: Policy = "checked"
    min_confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the article: `article.text[start:end] == text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a bullet against its sources: its kind, whether it passed, and what was found."""

    kind: str
    passed: bool
    evidence: str


@dataclass(frozen=True, slots=True)
class Bullet:
    """One key point.

    Attributes:
        text: The point, on one line. An extracted one is its sources' text, at most without a "But" or "Meanwhile," at
            the start and without asides in parentheses.
        score: Between 0 and 1: how sure the model is that an editor's list would say this; for a list that a checkpoint
            of transformers wrote, the share of the bullet's content words that its sources hold.
        method: Which step gave its words: "rewritten" (written from all sentences of the point), "narrowed" (written
            from its main sentence), "named" (a sentence of the article with a name in full), "extracted" (sentences of
            the article), "generated" (by a checkpoint of transformers), or "edited" (by an editor).
        sources: The sentences it stands on, in article order; none only for a generated one that cannot be traced,
            which only the policy "flag" shows.
        checks: What was checked of one that is not extracted; an extracted one is the article's own words.
    """

    text: str
    score: float
    method: Method
    sources: tuple[Span, ...]
    checks: tuple[Check, ...] = ()

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that it does not pass: none but under the policy "flag"."""
        return tuple(check for check in self.checks if not check.passed)


@dataclass(frozen=True, slots=True)
class Summary:
    """The key points of an article.

    Attributes:
        bullets: In article order of what they stand on.
        article: The article; the sources' offsets point into its text.
        length: The length that was asked for.
        asked: The number of bullets that was asked for, or "auto".
        policy: Which rewrites were allowed: "checked", "flag" or "extract".
        model: Name of the model.
        model_version: The first 12 digits of the sha256 of the model's checksums: names its weights.
        warnings: What a reader of the list should know: fewer bullets than asked for, or a language that the model was
            not made for.
        status: "draft"; what else it becomes is an editor's to say.
        min_confidence: The confidence that a rewrite needed, if it was not the model's.
        cpu: The instruction set of the CPU that it was made with, and whose CPU it is; "" where that is not known.
            Another one rounds numbers differently, and now and then gives another list.
    """

    bullets: tuple[Bullet, ...]
    article: Article
    length: Length
    asked: Count
    policy: Policy
    model: str
    model_version: str
    warnings: tuple[str, ...] = ()
    status: Status = "draft"
    min_confidence: float | None = None
    cpu: str = field(default="", compare=False)

    @property
    def disclosure(self) -> str:
        """A line for readers that says how the list was made."""
        return DISCLOSURE_WRITTEN if any(b.method in _WRITTEN for b in self.bullets) else DISCLOSURE

    def __str__(self) -> str:
        return self.to_markdown()

    def __len__(self) -> int:
        return len(self.bullets)

    def __iter__(self) -> Iterator[Bullet]:
        return iter(self.bullets)

    def to_text(self) -> str:
        """One bullet a line, nothing else: what a terminal or an evaluation wants."""
        return "\n".join(bullet.text for bullet in self.bullets)

    def to_markdown(self) -> str:
        """The headline, if there is one, and the bullets as a Markdown list, each with the checks that it fails."""
        lines = [f"**{in_markdown(self.article.title)}**", ""] if self.article.title else []
        for bullet in self.bullets:
            lines.append(f"- {in_markdown(bullet.text)}")
            lines += [f"    - failed check: {in_markdown(_named(check))}" for check in bullet.failed]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The record of this summary as plain data; `docs/summary.schema.json` describes it. It carries the article, so
        that its offsets can be looked up, and so that it can be learnt from once an editor has approved it."""
        return {
            "status": self.status,
            "disclosure": self.disclosure,
            "software": f"newsroom-summarizer {__version__}",
            "cpu": self.cpu,
            "model": {"name": self.model, "version": self.model_version},
            "options": {
                "bullets": self.asked,
                "length": self.length,
                "policy": self.policy,
                "min_confidence": self.min_confidence,
            },
            "title": self.article.title,
            "text": self.article.text,
            "language": self.article.language,
            "bullets": [
                {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(bullet).items()}
                for bullet in self.bullets
            ],
            "warnings": list(self.warnings),
        }

    def to_json(self, indent: int | None = None) -> str:
        """`to_dict` as JSON, on one line by default."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)

    def to_html(self) -> str:
        """A page without scripts or network: the bullets beside the article; pointing at a bullet lights up the
        sentences it stands on, a click leads to the first of them."""
        return _PAGE.format(
            language=escape(self.article.language),
            title=escape(self.article.title or "Key points"),
            style=_STYLE + "".join(_LIGHT.format(i=i) for i in range(len(self.bullets))),
            bullets="\n".join(
                _ITEM.format(i=i, link=_link(i, b), hint=_hint(b), text=escape(b.text), failed=_failed(b))
                for i, b in enumerate(self.bullets)
            ),
            article=self._marked(),
            note=escape(" ".join([self.disclosure, f"Model: {self.model} ({self.model_version}).", *self.warnings])),
        )

    def _marked(self) -> str:
        text, anchored, found = self.article.text, set(), []
        sources = sorted((span.start, span.end, i) for i, b in enumerate(self.bullets) for span in b.sources)
        for at, paragraph_end in paragraphs(text):
            parts = []
            for start, end, i in sources:
                if not at <= start < paragraph_end:  # two bullets on one sentence: it lights up for the first
                    continue
                anchor = "" if i in anchored else f' id="s{i}"'
                anchored.add(i)
                parts += [escape(text[at:start]), f'<mark class="m{i}"{anchor}>{escape(text[start:end])}</mark>']
                at = end
            found.append(f"<p>{''.join(parts)}{escape(text[at:paragraph_end])}</p>")
        return "\n".join(found)


def _link(i: int, bullet: Bullet) -> str:
    return f' href="#s{i}"' if bullet.sources else ""


def _hint(bullet: Bullet) -> str:
    checked = f", {len(bullet.checks) - len(bullet.failed)} of {len(bullet.checks)} checks passed"
    return f"{escape(bullet.method)}, score {bullet.score:.2f}{checked if bullet.checks else ''}"


def _failed(bullet: Bullet) -> str:
    return "".join(f"<small>Failed check: {escape(_named(check))}</small>" for check in bullet.failed)


def _named(check: Check) -> str:
    return f"{check.kind} ({check.evidence})"


def in_markdown(text: str | None) -> str:
    """With a backslash before what Markdown would take for emphasis, code, a link or HTML."""
    return "".join("\\" + c if c in "\\`*_[]<" else c for c in text or "")


_ITEM = '<li><a id="b{i}"{link} title="{hint}">{text}</a>{failed}</li>'
_PAGE = """<!doctype html>
<html lang="{language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>{style}</style>
<main>
<section>
<h1>{title}</h1>
<ul>
{bullets}
</ul>
<footer>{note}</footer>
</section>
<article>
{article}
</article>
</main>
</html>
"""
_STYLE = """
:root { color-scheme: light dark; --light: #fff1a8; --rest: #f3f0e4 }
@media (prefers-color-scheme: dark) { :root { --light: #6b5a00; --rest: #33301f } }
body { font: 17px/1.5 Georgia, serif; margin: 0 }
main { display: grid; grid-template-columns: minmax(18rem, 2fr) 3fr; gap: 3rem }
main { max-width: 75rem; margin: 2rem auto; padding: 0 1.5rem }
section { position: sticky; top: 1rem; align-self: start }
h1 { font-size: 1.4rem; line-height: 1.25 }
ul { padding-left: 1.1rem }
li { margin-bottom: .7rem }
li a { color: inherit; text-decoration: none }
li a:hover, li a:focus { background: var(--light) }
mark { color: inherit; background: var(--rest) }
small { display: block; font: .8rem/1.4 sans-serif; color: #b3261e }
footer { font: .8rem/1.4 sans-serif; opacity: .7 }
@media (max-width: 45rem) { main { display: block } section { position: static } }
"""
_LIGHT = "main:has(#b{i}:hover, #b{i}:focus) .m{i} {{ background: var(--light) }}\n"
