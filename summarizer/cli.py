"""The command `summarize`: parse, call, print."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from .article import Article
from .errors import ModelError, SummarizerError
from .summarizer import MOST_BULLETS, Summarizer
from .summary import Count, Summary

WRONG_USE = 2

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")


class Lengths(StrEnum):
    """The values of --length."""

    standard = "standard"
    brief = "brief"


class Policies(StrEnum):
    """The values of --policy."""

    checked = "checked"
    flag = "flag"
    extract = "extract"


class Formats(StrEnum):
    """The values of --format."""

    text = "text"
    markdown = "markdown"
    json = "json"
    html = "html"


@app.command(context_settings={"help_option_names": ["-h", "--help"]})
def summarize(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="Articles: .txt, .html or .json (title, text); - reads one from stdin."),
    ],
    bullets: Annotated[
        str,
        typer.Option("--bullets", "-b", metavar="N", help=f"How many bullets: 1 to {MOST_BULLETS}, or auto."),
    ] = "auto",
    length: Annotated[
        Lengths,
        typer.Option("--length", "-l", help="standard: full sentences, the whole story; brief: the wire style."),
    ] = Lengths.standard,
    policy: Annotated[
        Policies,
        typer.Option(
            "--policy",
            "-p",
            help="checked: a rewrite is shown if it passes every check, else the sentence itself; "
            "flag: the best rewrite, with the checks that it fails; extract: sentences only.",
        ),
    ] = Policies.checked,
    format: Annotated[
        Formats,
        typer.Option(
            "--format",
            "-f",
            help="text: one bullet a line; json: a line an article, with sources; "
            "html: a page with the sources lit up in the article.",
        ),
    ] = Formats.markdown,
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME",
            help="A shipped model's name, a model folder, or a checkpoint of Hugging Face: a folder or a Hub name.",
        ),
    ] = "base",
    language: Annotated[
        str,
        typer.Option(metavar="CODE", help="The articles' language; sentence borders depend on it."),
    ] = "en",
    threads: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Cores to use; default: all.", show_default=False)
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Where a checkpoint of Hugging Face runs: cpu or cuda; default: a GPU if there is one.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Print the key points of articles, with no network (unless --model names a checkpoint on the Hub).

    [bold]Examples[/bold]

      summarize article.txt
      summarize article.html --bullets 3 --length brief
      summarize article.json --format html > article-points.html
      curl -s https://example.org/story | summarize -

    The bullets go to standard output, messages to standard error. Exit code 0: all articles summarized;
    1: at least one failed (the others are printed); 2: wrong use.
    """
    # Lone surrogates cannot be printed; everything else is UTF-8, whatever the terminal's locale says.
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    options: dict[str, Any] = {"bullets": _count(bullets), "length": length.value, "policy": policy.value}
    loading = {"threads": threads, "device": device}
    sys.exit(_run(files, options, format, model, language, loading))


def _run(
    files: list[str], options: dict[str, Any], form: Formats, model: str, language: str, loading: dict[str, Any]
) -> int:
    if form is Formats.html and len(files) > 1:
        print("error: --format html writes one page; give one file", file=sys.stderr)
        return WRONG_USE
    try:
        summarizer = Summarizer.from_pretrained(model, **loading)
    except SummarizerError as error:
        print(f"error: {error}", file=sys.stderr)
        return WRONG_USE
    failed = False
    for name, article in _articles(files, language):
        try:
            if isinstance(article, SummarizerError):
                raise article
            summary = summarizer(article, **options)
        except ModelError as error:
            print(f"error: {error}", file=sys.stderr)
            return WRONG_USE
        except SummarizerError as error:
            message = str(error).removeprefix("article 0 ")
            print(f"error: {message if name in message else f'{name}: {message}'}", file=sys.stderr)
            failed = True
            continue
        _print(summary, form, name if len(files) > 1 else None)
        for warning in summary.warnings:
            print(f"warning: {name}: {warning}", file=sys.stderr)
    return int(failed)


def _articles(files: list[str], language: str) -> Iterator[tuple[str, Article | SummarizerError]]:
    for name in files:
        try:
            if name == "-":
                data = sys.stdin.buffer.read()
                kind = "json" if data.lstrip().startswith(b"{") else "text"
                yield "standard input", Article.from_bytes(data, kind, language)
            else:
                yield name, Article.from_file(Path(name), language)
        except SummarizerError as error:
            yield ("standard input" if name == "-" else name), error


def _print(summary: Summary, form: Formats, name: str | None) -> None:
    if form is Formats.json:
        print(summary.to_json())
    elif form is Formats.html:
        print(summary.to_html())
    else:
        text = summary.to_text() if form is Formats.text else summary.to_markdown()
        print(f"== {name}\n{text}\n" if name else text)


def _count(value: str) -> Count:
    if value == "auto":
        return "auto"
    if value.isascii() and value.isdigit() and 1 <= int(value) <= MOST_BULLETS:
        return int(value)
    print(f"error: --bullets takes auto or a whole number from 1 to {MOST_BULLETS}, not {value!r}", file=sys.stderr)
    sys.exit(WRONG_USE)


def main() -> None:
    """Entry point of the command."""
    app()
