"""Measures the time of each stage, and of the rewriter with other settings: `python benchmarks/rewriter.py`.

Uses one core and the examples of this repository.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import ctranslate2
from tokenizers import Tokenizer

from summarizer import Article, Summarizer
from summarizer.deadline import STAGES, Profile
from summarizer.points import BEAM, MAX_TARGET_TOKENS, STYLES, Rewriter, asked, prompt
from summarizer.summary import Length

Point = tuple[str, str, str | None]
"""Source sentences, their context, headline."""
HERE = Path(__file__).resolve().parent
ROUNDS = 3


@dataclass(frozen=True)
class Way:
    """Settings of the rewriter.

    Attributes:
        name: Name in the table.
        lengths: Requested lengths in words; None: those of the library.
        beam: Number of beams, and of candidates for each length.
        shortlist: True: scores are computed for the shortlist only. False: for the whole vocabulary.
        together: True: all bullets of an article are one batch. False: one batch for each bullet.
    """

    name: str
    lengths: tuple[int, ...] | None = None
    beam: int = BEAM
    shortlist: bool = True
    together: bool = False


WAYS = (
    Way("as it is"),
    Way("the whole vocabulary", shortlist=False),
    Way("three beams", beam=3),
    Way("all bullets of an article in one batch", together=True),
)
BRIEF = (Way("three lengths", (10, 14, 18)), Way("one length", (16,)))


def main() -> None:
    """Measures and prints."""
    articles = [Article.from_file(path) for path in sorted((HERE.parent / "examples").glob("*.json"))]
    points: dict[Length, list[list[Point]]] = {}
    print(f"| ms an article | {' | '.join(STAGES)} |\n|{' --- |' * (len(STAGES) + 1)}")
    with Summarizer.from_pretrained(threads=1) as summarizer:
        for length in STYLES:
            points[length] = _points(summarizer, articles, length)
            stages = _stages(summarizer, articles, length)
            print(f"| {length} | {' | '.join(f'{1000 * stages[name]:.1f}' for name in STAGES)} |")
        folder = str(summarizer.folder) + "/rewriter"
    print("\n| rewriter, ms an article | brief | standard |\n| --- | --- | --- |")
    model = ctranslate2.Translator(folder, inter_threads=1, intra_threads=1)
    tokenizer = Tokenizer.from_file(folder + "/tokenizer.json")
    for way in (*WAYS, *BRIEF):
        cells = []
        for length, bullets in points.items():
            skipped = length == "standard" and way in BRIEF
            cells.append("-" if skipped else f"{1000 * _seconds(model, tokenizer, bullets, way, length):.1f}")
        print(f"| {way.name} | {' | '.join(cells)} |")


def _points(summarizer: Summarizer, articles: Sequence[Article], length: Length) -> list[list[Point]]:
    """The input of the rewriter for each point, article by article."""
    found: list[list[Point]] = []
    start = Rewriter.start

    def watched(self: Rewriter, sources: str, context: str, title: str | None, lengths: Sequence[int]):
        found[-1].append((sources, context, title))
        return start(self, sources, context, title, lengths)

    Rewriter.start = watched  # type: ignore[method-assign]
    for article in articles:
        found.append([])
        summarizer(article, length=length)
    Rewriter.start = start  # type: ignore[method-assign]
    return found


def _stages(summarizer: Summarizer, articles: Sequence[Article], length: Length) -> dict[str, float]:
    """Seconds per article for each stage. Articles run one after the other, so that none waits for another."""
    profile = Profile()
    for _ in range(ROUNDS):
        for article in articles:
            list(summarizer.stream([article], length=length, profile=profile))
    return {name: profile.seconds[name] / (ROUNDS * len(articles)) for name in STAGES}


def _seconds(
    model: ctranslate2.Translator,
    tokenizer: Tokenizer,
    points: Sequence[Sequence[Point]],
    way: Way,
    length: Length,
) -> float:
    batches = []
    for bullets in points:
        lengths = way.lengths or STYLES[length].asked
        is_question = [tokenizer.encode(asked(words), add_special_tokens=False).tokens for words in lengths]
        each = [[(tokenizer.encode(prompt(*bullet)).tokens, ask) for ask in is_question] for bullet in bullets]
        batches += [[pair for one in each for pair in one]] if way.together and each else each
    seconds = []
    for _ in range(ROUNDS):
        at = time.perf_counter()
        for batch in batches:
            read, begun = zip(*batch, strict=True)
            model.translate_batch(
                list(read),
                target_prefix=list(begun),
                beam_size=way.beam,
                num_hypotheses=way.beam,
                max_decoding_length=MAX_TARGET_TOKENS,
                no_repeat_ngram_size=3,
                return_scores=True,
                use_vmap=way.shortlist,
            )
        seconds.append((time.perf_counter() - at) / len(points))
        print(way.name, length, file=sys.stderr)
    return statistics.median(seconds)


if __name__ == "__main__":
    main()
