"""Flags that several commands share, and what they are turned into."""

from __future__ import annotations

from typing import Annotated

import typer

from .writers import WriterOptions

Writer = Annotated[
    str | None,
    typer.Option(
        metavar="URL|MODEL",
        help="A language model that writes the points instead of the shipped rewriter: address of a server with the "
        "OpenAI API (http://localhost:11434/v1; key in SUMMARIZE_WRITER_KEY), or a Hugging Face chat model.",
        show_default=False,
    ),
]
WriterModel = Annotated[str, typer.Option(metavar="NAME", help="Name of the model on that server.", show_default=False)]
WriterGuide = Annotated[
    str | None, typer.Option(metavar="FILE", help="Your editor's guide for the language model.", show_default=False)
]
WriterFallback = Annotated[
    bool,
    typer.Option("--writer-fallback", help="Let the shipped rewriter write while the server does not answer."),
]


def writer_options(writer: str | None, model: str, guide: str | None, fallback: bool) -> WriterOptions | None:
    """Returns the language model that the flags name, or None.

    Raises:
        ValueError: A flag needs --writer, and it is missing.
    """
    if writer:
        options = WriterOptions(writer, model, guide, fallback)
        if (model or fallback) and not options.on_server:
            raise ValueError("--writer-model and --writer-fallback need the address of a server as --writer")
        return options
    if model or guide or fallback:
        raise ValueError("--writer-model, --writer-guide and --writer-fallback need --writer")
    return None
