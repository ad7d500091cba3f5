"""A point of a list, as it goes through the engine: made from sentences, then written, judged and chosen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ..checks import Verdict
from ..reading import Sentence
from ..summary import Bullet, Check, Method, Span
from .context import as_line

NOT_KEY_POINT_COST = 2.0
"""Cost of a point that is not a key point: for readers it is nearly twice as bad as a point that cannot be understood
alone (docs/quality.md)."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A rewrite of a point, with its checks.

    Attributes:
        text: The rewrite.
        checks: The results of the look-ups.
        score: The rewriter's mean log-probability per token.
        spans: The sentences that it was made from.
        method: The `method` of the bullet.
        verdict: The verifier's verdict, once it has read the text.
    """

    text: str
    checks: tuple[Check, ...]
    score: float
    spans: tuple[Span, ...]
    method: Method
    verdict: Verdict | None = None

    def judged(self, verdict: Verdict) -> Rewrite:
        """Returns the rewrite with the verifier's verdict."""
        return replace(self, verdict=verdict)

    @property
    def sound(self) -> bool:
        """True if all look-ups passed."""
        return all(check.passed for check in self.checks)

    def passes(self, threshold: float) -> bool:
        """True if it may be shown: all look-ups passed, and the verifier's probability reaches the threshold."""
        return self.sound and self.verdict is not None and self.verdict.good >= threshold


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a list. It is made by `content_selection.group`, and filled step by step: rewrites and verdicts, then
    its bullet.

    Attributes:
        sentences: The sentences of the story.
        chosen: Indices of its source sentences, in article order.
        main: Index of its main sentence.
        score: Probability that its main sentence is the main one of a point, 0 to 1.
        before: Index of the sentence before the main one, if it is in the same section and no other point uses it; else
            None.
        likely: Probability that it is a point of the list: for a `brief` list, one of the most important points.
        spare: True if it is not in the list, but can replace a point that is.
        rewrites: Rewrites that were read by the verifier.
        fault: Why a language model wrote no text for it; "" if it did, or was not asked.
        verdicts: Verdicts on the article's own sentences, in the order of `source_sentences`. Empty without a verifier.
        bullet: The chosen text, or None.
        faults: Expected cost of the faults of the chosen text.
    """

    sentences: Sequence[Sentence]
    chosen: tuple[int, ...]
    main: int
    score: float
    before: int | None = None
    likely: float = 1.0
    spare: bool = False
    rewrites: tuple[Rewrite, ...] = ()
    fault: str = ""
    verdicts: tuple[Verdict, ...] = ()
    bullet: Bullet | None = None
    faults: float = 0.0

    @property
    def spans(self) -> tuple[Span, ...]:
        """The source sentences as spans of the article."""
        return spans_of(self.sentences, self.chosen)

    @property
    def text(self) -> str:
        """The source sentences on one line."""
        return as_line(self.sentences, self.chosen)

    @property
    def background(self) -> float:
        """Expected cost of not being a key point."""
        return NOT_KEY_POINT_COST * (1 - self.likely)

    @property
    def cost(self) -> float:
        """Expected cost of the point: of its faults, and of not being a key point."""
        return self.faults + self.background

    def widened(self, by: Iterable[int]) -> Point:
        """Returns the same point with more source sentences."""
        return replace(self, chosen=tuple(sorted({*self.chosen, *by})))

    def narrowed(self, to: int | None = None) -> Point:
        """Returns the same point with only one of its source sentences, without rewrites. Default: the main one."""
        to = self.main if to is None else to
        return replace(self, chosen=(to,), main=to, rewrites=())


def spans_of(sentences: Sequence[Sentence], chosen: Iterable[int]) -> tuple[Span, ...]:
    """Returns some sentences of an article as spans of its text."""
    return tuple(Span(s.start, s.end, s.text) for s in (sentences[i] for i in chosen))
