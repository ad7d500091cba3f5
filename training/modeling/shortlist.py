"""Shortlist of the pieces that a rewriter may write: the pieces of its input, and the most frequent ones.

A rewriter copies: nearly all pieces that it learns to write are in its input. Computing scores for the whole vocabulary
is much of the cost of a piece. CTranslate2 can compute them for a shortlist only. It
reads the list from `vmap.txt`, which has the pieces allowed for any input, and those allowed for each input piece.
"""

from __future__ import annotations

import json
from pathlib import Path

from summarizer.points import SHORTLIST

MOST = 3000
"""Number of pieces allowed for any input: the first of the vocabulary, which `vocabulary.py` sorts by frequency."""


def write_shortlist(part: Path) -> None:
    """Adds the shortlist to an exported T5, unless its vocabulary has at most twice as many pieces as the list."""
    (part / SHORTLIST).unlink(missing_ok=True)
    pieces = json.loads((part / "shared_vocabulary.json").read_text("utf-8"))
    if len(pieces) <= 2 * MOST:
        return
    lines = ["\t" + " ".join(pieces[:MOST]), *(f"{piece}\t{piece}" for piece in pieces[MOST:])]
    (part / SHORTLIST).write_text("\n".join(lines) + "\n", "utf-8")
