"""Draws speed.png from the figures of speed.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from systems import OURS

BLUE, GREY, ORANGE = "#1f5a92", "#9a9a9a", "#c8742a"


def draw(figures: dict[str, Any], path: Path) -> None:
    """Writes the image: systems, their quality, time by length and by number of articles, memory, and the floor."""
    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 10})
    figure, axes = plt.subplots(2, 3, figsize=(16, 9), layout="constrained", width_ratios=(1, 1, 1.4))
    systems = {name: r for name, r in figures["systems"].items() if "missing" not in r}
    _bars(axes[0, 0], {n: 1000 * r["article"] for n, r in systems.items()}, "Milliseconds an article (log)")
    _bars(axes[0, 1], {n: r["memory"] for n, r in systems.items()}, "Peak memory, MB (log)", names=False)
    _quality(axes[0, 2], systems)
    _length(axes[1, 0], figures["length"])
    _number(axes[1, 1], figures["number"])
    _floor(axes[1, 2], figures["floor"])
    machine, articles = figures["machine"], figures["articles"]
    what = f"{articles['count']} articles of {articles['words']} words"
    figure.suptitle(f"{what}, {machine['cores']} cores of {machine['cpu']}, one run", fontsize=11)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _bars(axes: Axes, values: dict[str, float], title: str, names: bool = True) -> None:
    labels = list(values)[::-1]
    colours = [BLUE if name.startswith(OURS) else GREY for name in labels]
    bars = axes.barh([_label(name) for name in labels], [values[name] for name in labels], color=colours)
    axes.bar_label(bars, [_short(values[name]) for name in labels], padding=3)
    axes.set_xscale("log")
    axes.set_xlim(min(values.values()) / 2, 5 * max(values.values()))
    axes.set_title(title, loc="left")
    _plain(axes.xaxis)
    if not names:
        axes.set_yticklabels([])


def _quality(axes: Axes, systems: dict[str, dict[str, Any]]) -> None:
    """Plots brief lists only: scores against other human lists have another scale. Labels are a line apart."""
    scored = sorted((r["rouge"][0], n, 1000 * r["article"]) for n, r in systems.items() if r["list"] == "brief")
    axes.set_title("ROUGE-1 against the brief human list", loc="left")
    axes.set_xscale("log")
    if not scored:
        return
    low, high = scored[0][0], scored[-1][0]
    line = max(high - low, 1) / 14
    place = low - line
    right = 8 * max(milliseconds for _, _, milliseconds in scored)
    for rouge, name, milliseconds in scored:
        place = max(rouge, place + line)
        colour = BLUE if name.startswith(OURS) else GREY
        axes.plot(milliseconds, rouge, "o", color=colour)
        axes.plot([milliseconds, right / 3.2], [rouge, place], color=colour, linewidth=0.5)
        axes.text(right / 3, place, f"{_label(name)}  {rouge:.1f}", va="center", color="black")
    axes.set_xlim(min(milliseconds for _, _, milliseconds in scored) / 2, 300 * right)
    axes.set_xticks([10**k for k in range(7) if 10**k < right])
    axes.minorticks_off()
    _plain(axes.xaxis)
    axes.set_ylim(low - 1.5 * line, max(high, place) + 1.5 * line)
    axes.set_xlabel("milliseconds an article (log)")


def _length(axes: Axes, lengths: dict[str, dict[str, list[float]]]) -> None:
    styles = {"this project, brief, extract": (BLUE, "o-"), "this project, brief": (BLUE, "s--")}
    for name, r in lengths.items():
        colour, style = styles.get(name, (ORANGE, "^-"))
        axes.plot(r["words"], r["seconds"], style, color=colour, label=name)
    axes.set(xscale="log", yscale="log", xlabel="words of the article", ylabel="seconds")
    _plain(axes.xaxis)
    _plain(axes.yaxis)
    axes.set_title("An article as it gets longer", loc="left")
    axes.legend(frameon=False)


def _number(axes: Axes, rows: list[dict[str, float]]) -> None:
    numbers = [r["articles"] for r in rows]
    axes.plot(numbers, [r["seconds"] for r in rows], "o-", color=BLUE)
    axes.set(xscale="log", yscale="log", xlabel="articles of 100 words in a stream")
    axes.set_ylabel("seconds", color=BLUE)
    _plain(axes.xaxis)
    _plain(axes.yaxis)
    axes.set_title("Many articles", loc="left")
    memory = axes.twinx()
    memory.spines["right"].set_visible(True)
    memory.plot(numbers, [r["resident"] for r in rows], "s--", color=ORANGE)
    memory.set_ylim(0, 2 * max(r["resident"] for r in rows) or 1)
    memory.set_ylabel("MB resident at the end", color=ORANGE)


def _floor(axes: Axes, r: dict[str, float]) -> None:
    parts = {
        "whole article,\nextract": r["article"],
        "encoder alone": r["encoder"],
        "floor, attention\nin float32": r["floor_float_attention"],
        "floor,\nall in int8": r["floor"],
    }
    labels = list(parts)[::-1]
    bars = axes.barh(labels, [1000 * parts[n] for n in labels], color=[GREY, GREY, BLUE, BLUE])
    axes.bar_label(bars, [f"{1000 * parts[n]:.1f}" for n in labels], padding=3)
    axes.margins(x=0.15)
    axes.set_title("Milliseconds an article beside the encoder's arithmetic", loc="left")


def _plain(axis: Axis) -> None:
    """Formats the ticks of a log axis as plain numbers, only at powers of ten."""
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter("")


def _label(name: str) -> str:
    """Name of a peer without its model, which is in the table; "random weights" is kept."""
    return name if name.startswith(OURS) or "random" in name else name.split(",", maxsplit=1)[0]


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
