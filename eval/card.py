"""The block of scores in a model card. Only `python -m eval --card` writes it; do not edit it by hand."""

from __future__ import annotations

SCORES_BEGIN = "<!-- scores: written by python -m eval --card -->"
SCORES_END = "<!-- end of scores -->"


def with_scores(text: str, scores: str, key: str) -> str:
    """Returns the card with the scores added as a block, which replaces an earlier block with the same key."""
    head, _, rest = text.partition(SCORES_BEGIN)
    body, _, tail = rest.partition(SCORES_END)
    blocks = dict(_blocks(body))
    blocks[key] = scores.strip()
    inside = "\n\n".join(f"### {name}\n\n{block}" for name, block in blocks.items())
    return f"{head}{SCORES_BEGIN}\n{inside}\n{SCORES_END}{tail}"


def _blocks(body: str) -> list[tuple[str, str]]:
    return [(part.split("\n", 1)[0].strip(), part.split("\n", 1)[1].strip()) for part in body.split("### ")[1:]]
