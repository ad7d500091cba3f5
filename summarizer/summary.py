"""The result: a summary, its bullets with their source sentences, and its output formats."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from html import escape
from typing import Any, Literal

from .reading import Article, paragraphs
from .version import __version__

Length = Literal["standard", "brief", "highlights"]
Method = Literal["rewritten", "extracted", "generated", "edited"]
Policy = Literal["checked", "flag", "extract"]
Status = Literal["draft", "approved"]
Count = int | Literal["auto"]

DISCLOSURE = (
    "Key points chosen and shortened by software from the sentences of the article; a draft until an editor has "
    "approved it."
)
DISCLOSURE_WRITTEN = (
    "Key points written by software from the article and checked against its sentences; a draft until an editor has "
    "approved them."
)

DISCLOSURE_GENERATED = (
    "Key points chosen by software, written by the language model {writer} and checked against the article; a draft "
    "until an editor has approved them."
)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the article: `article.text[start:end] == text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a bullet.

    Attributes:
        kind: What was checked, such as "number" or "verifier" (docs/reference.md lists all kinds).
        passed: Whether the check passed.
        evidence: What was found.
    """

    kind: str
    passed: bool
    evidence: str


@dataclass(frozen=True, slots=True)
class Bullet:
    """One key point.

    Attributes:
        text: The point, on one line. An extracted bullet has the text of its sources, without a "But" or "Meanwhile,"
            at the start and without asides in parentheses.
        score: The extractor's probability that an editor's list has this point.
        method: How the text was made: "extracted" (sentences of the article), "rewritten" (such sentences, with what
            "he" or "the move" means put in, or words left out, or both), "generated" (by the language model that
            `Summary.writer` names), or "edited" (by an editor).
        sources: The source sentences, in article order. Empty if no source was found for an edited bullet.
        checks: The checks of the text. Empty for an extracted bullet, since it is the article's own text.
    """

    text: str
    score: float
    method: Method
    sources: tuple[Span, ...]
    checks: tuple[Check, ...] = ()

    @property
    def failed(self) -> tuple[Check, ...]:
        """The failed checks. In a list, only the policy "flag" shows bullets with failed checks."""
        return tuple(check for check in self.checks if not check.passed)


@dataclass(frozen=True, slots=True)
class Summary:
    """The key points of an article.

    Attributes:
        bullets: In article order of their main sentences.
        article: The article; the sources' offsets point into its text.
        length: The requested length.
        requested: The requested number of bullets, or "auto".
        policy: The policy that was used: "checked", "flag" or "extract".
        model: Name of the model.
        model_version: The first 12 hex digits of a sha256 that identifies the model's weights.
        warnings: Problems to know about, such as fewer bullets than requested, or a language that the model was not
            made for.
        status: "draft", until an editor changes it.
        min_confidence: The threshold that the caller set; None: the model's own.
        cpu: Instruction set and vendor of the CPU, such as "AVX512 GenuineIntel"; "" if unknown. Other instruction sets
            round numbers differently, and sometimes produce another list.
        writer: Name of the language model that wrote in place of the shipped rewriter; "" if there is none.
        guide: The first 12 hex digits of the sha256 of its editor's guide; "" without a language model.
    """

    bullets: tuple[Bullet, ...]
    article: Article
    length: Length
    requested: Count
    policy: Policy
    model: str
    model_version: str
    warnings: tuple[str, ...] = ()
    status: Status = "draft"
    min_confidence: float | None = None
    cpu: str = field(default="", compare=False)
    writer: str = ""
    guide: str = ""

    @property
    def disclosure(self) -> str:
        """A line for readers that says how the list was made."""
        if any(bullet.method == "generated" for bullet in self.bullets):
            return DISCLOSURE_GENERATED.format(writer=self.writer)
        return DISCLOSURE_WRITTEN if any(b.method == "rewritten" for b in self.bullets) else DISCLOSURE

    def __str__(self) -> str:
        return self.to_markdown()

    def __len__(self) -> int:
        return len(self.bullets)

    def __iter__(self) -> Iterator[Bullet]:
        return iter(self.bullets)

    def to_text(self) -> str:
        """The texts of the bullets, one a line."""
        return "\n".join(bullet.text for bullet in self.bullets)

    def to_markdown(self) -> str:
        """The headline, if there is one, and the bullets as a Markdown list, each with its failed checks."""
        lines = [f"**{in_markdown(self.article.title)}**", ""] if self.article.title else []
        for bullet in self.bullets:
            lines.append(f"- {in_markdown(bullet.text)}")
            lines += [f"    - failed check: {in_markdown(_named(check))}" for check in bullet.failed]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The record of this summary as plain data; `docs/summary.schema.json` describes it.

        It includes the article's text, because the offsets point into it, and because an approved record is training
        data."""
        return {
            "status": self.status,
            "disclosure": self.disclosure,
            "software": f"newsroom-summarizer {__version__}",
            "cpu": self.cpu,
            "model": {"name": self.model, "version": self.model_version, "writer": self.writer, "guide": self.guide},
            "options": {
                "bullets": self.requested,
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
        """An HTML page with the bullets next to the article. It uses no scripts and no network.

        Pointing at a bullet highlights its source sentences; a click jumps to the first of them."""
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
        text, anchored = self.article.text, set()
        found: list[str] = []
        sources = sorted((span.start, span.end, i) for i, b in enumerate(self.bullets) for span in b.sources)
        for at, paragraph_end in paragraphs(text):
            if not found and " ".join(text[at:paragraph_end].split()) == self.article.title:
                continue  # the headline is above the list
            parts = []
            for start, end, i in sources:
                if not at <= start < paragraph_end:  # in another paragraph, or already marked for another bullet
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
    """Escapes the characters that Markdown would read as emphasis, code, a link or HTML."""
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
