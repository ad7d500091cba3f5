"""What a rewriter may write: the pieces of what it reads, and those that bullets use most.

A rewriter copies: nearly all pieces that it learns to write stand in its source. Scores for the whole vocabulary are a
large part of what a piece costs (benchmarks/rewriter.py); CTranslate2 works them out for a shortlist alone, which it
reads from `vmap.txt`: what may be written after each piece that was read, and after any.
"""

from __future__ import annotations

import json
from pathlib import Path

from summarizer.points import SHORTLIST

MOST = 3000
"""Pieces that may be written after any source: the vocabulary's first, which `smaller.py` put there by frequency."""


def write_shortlist(part: Path) -> None:
    """Adds the shortlist to an exported T5; none where its vocabulary is as small as the list would be."""
    (part / SHORTLIST).unlink(missing_ok=True)
    vocabulary = part / "shared_vocabulary.json"
    if not vocabulary.is_file():  # a language model's: CTranslate2 knows no shortlist there
        return
    pieces = json.loads(vocabulary.read_text("utf-8"))
    if len(pieces) <= 2 * MOST:
        return
    lines = ["\t" + " ".join(pieces[:MOST]), *(f"{piece}\t{piece}" for piece in pieces[MOST:])]
    (part / SHORTLIST).write_text("\n".join(lines) + "\n", "utf-8")
