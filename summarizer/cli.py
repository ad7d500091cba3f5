"""The command `summarize`: parses arguments, calls the library, and prints the result."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer

from . import flags
from .errors import ArticleError, ModelError, SummarizerError, WriterError
from .options import MAX_BULLETS, CallOptions, Options
from .reading import Article
from .summarizer import Summarizer
from .summary import Count, Length, Policy, Summary

WRONG_USE = 2
STOPPED = 130
Form = Literal["text", "markdown", "json", "html"]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")
archive = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")


_Bullets = Annotated[
    str, typer.Option("--bullets", "-b", metavar="N", help=f"Number of bullets: 1 to {MAX_BULLETS}, or auto.")
]
_Length = Annotated[
    Length,
    typer.Option(
        "--length",
        "-l",
        help="standard: the whole story in full sentences; brief: the main news in fewer words; "
        "highlights: the two to four points that a newsroom would highlight.",
    ),
]
_Policy = Annotated[
    Policy,
    typer.Option(
        "--policy",
        "-p",
        help="checked: sentences of the article, and rewrites that pass all checks; "
        "flag: the best rewrite of each point, with its failed checks; extract: sentences of the article only.",
    ),
]
_MinConfidence = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        metavar="P",
        help="Show a rewrite only if the probability that an editor would print it is at least P. "
        "Default: the model's threshold.",
        show_default=False,
    ),
]
_Model = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME",
        help="Name of a shipped model, a model folder, or the Hub name of a model of this project.",
    ),
]
_Language = Annotated[
    str, typer.Option(metavar="CODE", help="Language of the articles; sentences are split by its rules.")
]
_Threads = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Number of cores. Default: all.", show_default=False)
]
_HELP = {"help_option_names": ["-h", "--help"]}


@app.command(context_settings=_HELP)
def summarize(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...", help="Articles: .txt, .html, .md or .json (title, text). - reads one from stdin."
        ),
    ],
    bullets: _Bullets = "auto",
    length: _Length = "standard",
    policy: _Policy = "checked",
    min_confidence: _MinConfidence = None,
    format: Annotated[
        Form,
        typer.Option(
            "--format",
            "-f",
            help="text: one bullet a line; json: one line for each article, with sources; "
            "html: a page that highlights the sources in the article.",
        ),
    ] = "markdown",
    model: _Model = "base",
    language: _Language = "en",
    threads: _Threads = None,
    writer: flags.Writer = None,
    writer_model: flags.WriterModel = "",
    writer_guide: flags.WriterGuide = None,
    writer_fallback: flags.WriterFallback = False,
) -> None:
    """Print the key points of articles. Works offline, unless --model or --writer is on the network.

    [bold]Examples[/bold]

      summarize article.txt
      summarize article.html --bullets 3 --length brief
      summarize article.json --format html > article-points.html
      curl -s https://example.org/story | summarize -
      summarize batch articles.jsonl -o summaries.jsonl      (an archive; see summarize batch --help)
      summarize serve                                        (the editors' desk; see summarize serve --help)

    Bullets go to standard output, messages to standard error. Exit code 0: all articles were summarized;
    1: at least one failed (the others are printed); 2: wrong use.
    """
    # UTF-8 whatever the locale. A lone surrogate cannot be encoded and is printed as "?".
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    try:
        if format == "html" and len(files) > 1:
            raise ValueError("--format html writes one page; pass one file")
        options: CallOptions = {
            "bullets": _count(bullets),
            "length": length,
            "policy": policy,
            "min_confidence": min_confidence,
        }
        Options(**options)
        told = flags.writer_options(writer, writer_model, writer_guide, writer_fallback)
        summarizer = Summarizer.from_pretrained(model, threads=threads, writer=told)
    except (SummarizerError, ValueError) as error:
        _fail(error)
    failed = False
    for name, article in _articles(files, language):
        try:
            if isinstance(article, SummarizerError):
                raise article
            summary = summarizer(article, **options)
        except (ModelError, WriterError) as error:
            _fail(error)
        except SummarizerError as error:
            message = str(error).removeprefix("the article ")
            print(f"error: {message if name in message else f'{name}: {message}'}", file=sys.stderr)
            failed = True
            continue
        _print(summary, format, name if len(files) > 1 else None)
        for warning in summary.warnings:
            print(f"warning: {name}: {warning}", file=sys.stderr)
    sys.exit(int(failed))


@archive.command(context_settings=_HELP)
def batch(
    source: Annotated[
        str,
        typer.Argument(
            metavar="IN",
            help="Articles: a file (.jsonl, .csv, both also .gz or .zst; .parquet), a folder of .txt, .html, .md, "
            ".json or such files, or - for JSONL on stdin.",
        ),
    ],
    output: Annotated[
        str,
        typer.Option("--output", "-o", metavar="OUT", help="The file to write: .jsonl, .jsonl.gz or .jsonl.zst."),
    ],
    bullets: _Bullets = "auto",
    length: _Length = "standard",
    policy: _Policy = "checked",
    min_confidence: _MinConfidence = None,
    text_field: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Field of the article, such as content.body. Default: text, else article."),
    ] = None,
    id_field: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Field of the id. Default: id, else the record's number or file name."),
    ] = None,
    carry: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH", help="Field to copy into the output. Repeat for more; '*' copies all others."),
    ] = None,
    text: Annotated[
        bool, typer.Option("--text/--no-text", help="Include the text of each article in the output, or leave it out.")
    ] = True,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Delete the contents of OUT and start again.")] = False,
    skip: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Leave out the record with this id. Repeat for more.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first article that fails.")] = False,
    time_limit: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Maximum seconds per article. Default: no limit.")
    ] = None,
    model: _Model = "base",
    language: _Language = "en",
    threads: _Threads = None,
    processes: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Processes that share the cores. Default: one for four cores.", show_default=False
        ),
    ] = None,
    writer: flags.Writer = None,
    writer_model: flags.WriterModel = "",
    writer_guide: flags.WriterGuide = None,
    writer_fallback: flags.WriterFallback = False,
    engine: Annotated[Literal["local", "ray"], typer.Option(help="ray: run on many machines with Ray Data.")] = "local",
    address: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Address of the Ray cluster. Default: this machine.")
    ] = None,
) -> None:
    """Summarize an archive into a file. If the run is stopped, the same command continues it.

    Works offline, unless IN, OUT, --model or --writer is on the network.

    [bold]Examples[/bold]

      summarize batch articles.jsonl -o summaries.jsonl
      summarize batch archive/ -o summaries.jsonl --length brief
      summarize batch dump.jsonl.gz -o summaries.jsonl.gz --text-field content.body --id-field uid --carry url
      zcat dump.gz | summarize batch - -o summaries.jsonl

    OUT has one summary for each record of IN. What fails is in OUT.errors.jsonl (error.kind,
    error.message), and is tried again when the command is repeated. Progress goes to standard error. Exit code 0: all
    were summarized; 1: there are errors; 2: wrong use; 130: stopped.
    """
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell may start background jobs with SIGINT ignored
        signal.signal(number, _stopped)
    try:
        from .archive import run_batch, usual_processes

        told = flags.writer_options(writer, writer_model, writer_guide, writer_fallback)
        report = run_batch(
            source,
            output,
            model=model,
            bullets=_count(bullets),
            length=length,
            policy=policy,
            min_confidence=min_confidence,
            text_field=text_field,
            id_field=id_field,
            carry=carry or (),
            language=language,
            keep_text=text,
            time_limit=time_limit,
            threads=threads,
            processes=processes or (usual_processes(threads, told) if engine == "local" else None),
            writer=told,
            engine=engine,
            address=address,
            overwrite=overwrite,
            skip=skip or (),
            strict=strict,
            progress=True,
        )
    except ArticleError as error:
        _fail(error, 1)
    except (SummarizerError, ValueError) as error:
        _fail(error)
    except OSError as error:
        _fail(f"{error}. What was written stays; run the same command again to continue")
    except KeyboardInterrupt:
        again = "without --overwrite " if overwrite else ""
        print(f"stopped; run the same command again {again}to continue", file=sys.stderr)
        sys.exit(STOPPED)
    print(
        f"{output}: {report.earlier + report.written:,} summaries, {report.errors:,} errors; "
        f"{report.written + report.errors:,} articles in this run, {report.rate:.1f} a second",
        file=sys.stderr,
    )
    if report.errors:
        place = f"{output}.errors.jsonl" if engine == "local" else f"the files .errors.jsonl in {output}"
        print(f"the errors are in {place}; the same command tries them again", file=sys.stderr)
    sys.exit(int(report.errors > 0))


def _stopped(*_: object) -> None:
    raise KeyboardInterrupt


def _fail(error: object, code: int = WRONG_USE) -> NoReturn:
    print(f"error: {error}", file=sys.stderr)
    sys.exit(code)


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


def _print(summary: Summary, form: Form, name: str | None) -> None:
    if form == "json":
        print(summary.to_json())
    elif form == "html":
        print(summary.to_html())
    else:
        text = summary.to_text() if form == "text" else summary.to_markdown()
        print(f"== {name}\n{text}\n" if name else text)


def _count(value: str) -> Count:
    """Returns the value of --bullets; `Options` refuses what it does not know."""
    return int(value) if value.isascii() and value.isdigit() else value  # type: ignore[return-value]


def main() -> None:
    """Runs the command. The first argument "batch", "serve" or "desk" selects a subcommand; a file with such a name is
    passed as "./batch"."""
    logging.basicConfig(format="%(message)s")  # prints the library's log messages on standard error
    logging.getLogger("summarizer").setLevel(logging.INFO)
    if sys.argv[1:2] == ["batch"]:
        archive(sys.argv[2:], prog_name="summarize batch")
    elif sys.argv[1:2] in (["serve"], ["desk"]):
        from .desk import managing, serving

        (serving if sys.argv[1] == "serve" else managing)(sys.argv[2:], prog_name=f"summarize {sys.argv[1]}")
    else:
        app()
