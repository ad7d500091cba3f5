"""Formats the figures of speed.json as the page speed.md."""

from __future__ import annotations

import statistics
from typing import Any

from systems import BART, MAIN, OURS

_SYSTEMS = """\
"First summary" includes loading. "An article" is the median time when articles run one after the other. "Articles/s"
is measured with `stream` for this project; the other systems have no such call and take one article after the other.
Ratios use only the articles that both systems read. ROUGE is the mean F1 against the human list in that column; systems
that choose three sentences are compared with the brief list. With so few articles, quality is only a rough comparison:
docs/quality.md uses 250.

bart-large-cnn and distilbart-cnn-12-6 have their real shapes but random weights: the arithmetic is the same, but there
is no quality to measure. They read as many tokens as the article has (1.3 a word), write 60 tokens with 4 beams, and
ran on the first articles only. sumy uses the sentences and words of this library. bert-extractive-summarizer splits
sentences itself, and uses the encoder that this project's encoder was trained from."""

_UNCOUNTED = """\
Counted: the matrix products of the linear layers and of attention. Not counted: embeddings, softmax, layer norms, GELU,
quantization, memory traffic, the head over the sentences, and all of Python. No matrix product of the encoder is as
large as the one that the rate was measured with, so the floor is a lower bound that cannot be reached."""


def page(figures: dict[str, Any]) -> str:
    """Returns the whole page, in Markdown."""
    machine, articles = figures["machine"], figures["articles"]
    libraries = ", ".join(f"{name} {version}" for name, version in machine["libraries"].items())
    cpu = f"{machine['cores']} cores of {machine['cpu']}"
    lines = [
        "# Speed and memory\n",
        f"Written by `{figures['command']}`, on {cpu}, Python {machine['python']}, {libraries}. "
        "Random weights have no quality. The speed of a shared CPU varies, so compare ratios within one run.\n",
        "![The figures of this page](speed.png)\n",
        "## Systems\n",
        f"{articles['count']} articles of {articles['words']} words on average, each system in its own process.\n",
        *systems_table(figures["systems"]),
        f"\n{_SYSTEMS}\n",
        f"`summarize` from a cold start to the printed bullets: {figures['cold_start']:.2f} s.\n",
        *_length(figures["length"]),
        *_number(figures["number"]),
        *_floor(figures["floor"]),
    ]
    return "\n".join(lines)


def systems_table(systems: dict[str, dict[str, Any]]) -> list[str]:
    """A table with a row for each system; a system that was not measured has the reason."""
    heads = ["system", "load, s", "first summary, s", "an article, ms", "articles/s", "peak memory, MB"]
    heads += ["R1", "R2", "RLsum", "human list", "times as fast as BART-large", f"times as fast as {MAIN}"]
    lines = _head(heads)
    for name, r in systems.items():
        if "missing" in r:
            lines.append(_row([name, f"not measured: {r['missing']}", *[""] * (len(heads) - 2)]))
            continue
        quality = [f"{score:.1f}" for score in r["rouge"]] if "rouge" in r else ["-"] * 3
        human = {"brief": "brief", "bullets": "standard"}.get(r["list"], "-")
        ratios = [_ratio(systems.get(other, {}), r) for other in (BART, MAIN)]
        cells = [f"{r['load']:.2f}", f"{r['first']:.2f}", f"{1000 * r['article']:,.1f}", _short(r["rate"])]
        lines.append(_row([name, *cells, f"{r['memory']:,.0f}", *quality, human, *ratios]))
    return lines


def _ratio(other: dict[str, Any], own: dict[str, Any]) -> str:
    """Speed of `own` divided by the speed of `other`, on the first articles, which both read."""
    if "seconds" not in other:
        return "-"
    both = min(other["articles"], own["articles"])
    theirs, ours = (
        statistics.median(s for i, s in enumerate(r["seconds"]) if i % r["articles"] < both) for r in (other, own)
    )
    return _short(theirs / ours)


def _length(length: dict[str, dict[str, list[float]]]) -> list[str]:
    words = max((r["words"] for r in length.values()), key=len)
    lines = ["## A longer article\n", "Milliseconds per article, composed of sentences of the articles above.\n"]
    lines += _head(["words", *(f"{n:,}" for n in words)])
    for name, r in length.items():
        cells = [f"{1000 * s:,.1f}" for s in r["seconds"]]
        lines.append(_row([name, *cells, *["not tried"] * (len(words) - len(cells))]))
    return [*lines, ""]


def _number(number: list[dict[str, float]]) -> list[str]:
    lines = ["## More articles\n", f"`stream` of {OURS}, brief, extract, on articles of 100 words, composed as above."]
    lines += ["Every number in them is replaced by a random one, so that all articles differ.\n"]
    lines += _head(["articles", "seconds", "an article, ms", "memory at the end, MB", "peak memory, MB"])
    for r in number:
        each = 1000 * r["seconds"] / r["articles"]
        memory = [f"{r['resident']:.0f}", f"{r['peak']:.0f}"]
        lines.append(_row([f"{r['articles']:,}", f"{r['seconds']:.1f}", f"{each:.1f}", *memory]))
    return [*lines, ""]


def _floor(r: dict[str, float]) -> list[str]:
    rows = {
        "floor: everything in int8": r["floor"],
        "floor: linear layers in int8, attention in float32, as in CTranslate2": r["floor_float_attention"],
        "the encoder alone on the same windows, one per core": r["encoder"],
        f"the whole article, {OURS}, brief, extract": r["article"],
    }
    return [
        "## The floor\n",
        f"For each article, the encoder (6 layers, width 384, inner width 1536) reads {r['tokens']:,.0f} tokens in "
        f"{r['windows']:.1f} windows. Tokens in the overlap of windows count once for each window.",
        f"That is {r['linear'] / 1e9:.1f} billion operations in its linear layers and {r['attention'] / 1e9:.1f} in "
        "attention, where a multiplication and its addition count as two.",
        f"A large matrix product (torch, all cores) runs {r['int8_rate'] / 1e9:,.0f} billion a second in int8 and "
        f"{r['float32_rate'] / 1e9:,.0f} in float32.\n",
        *_head(["", "an article, ms", "times the floor"]),
        *(_row([name, f"{1000 * s:.1f}", f"{s / r['floor']:.1f}"]) for name, s in rows.items()),
        f"\n{_UNCOUNTED}\n",
    ]


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _head(cells: list[str]) -> list[str]:
    return [_row(cells), _row(["---"] * len(cells))]


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
