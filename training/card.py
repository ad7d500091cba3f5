"""The model card: what the model is, what it was made from, how to make it again. Scores come from `python -m eval`."""

from __future__ import annotations

from typing import Any

from eval.card import SCORES_BEGIN, SCORES_END

_CARD = """---
language: en
library_name: newsroom-summarizer
license: apache-2.0
tags: [summarization, extractive, news]
---
# {name}

Scores every sentence of a news article by how likely an editor's key points stand on it. Run by
newsroom-summarizer on a CPU: `Summarizer.from_pretrained("{name}")`.

## What it was made from

- Base checkpoint: {base} ({base_licence}), fine-tuned and stored as {quantization} for CTranslate2.
{data}
{description}
The folder holds weights only, none of the articles' text.

## Recipe

`python -m training extractor --config training/configs/extractor.yaml`, then `python -m training export`. The
stages, and the step of each that scored best on the validation articles and was taken:

{stages}

| setting | value |
| --- | --- |
{recipe}

## Scores

{begin}
Not measured yet: `python -m eval --model MODEL --data FILE --card`.
{end}

## Limits

- It chooses sentences; it does not write. A bullet is as long, and as well put, as the article's own sentence.
- It was trained on English news. Other languages are split and scored, but nothing was measured there.
- ROUGE measures likeness to the highlights of one site. It does not measure truth or taste.
- A sentence can mislead outside its place. Every bullet carries its source spans, so that an editor can look.
"""


def card(config: dict[str, Any]) -> str:
    """The card of a model folder, from its config."""
    part = config["extractor"]
    data = "\n".join(
        f"- {name.capitalize()}: {about['articles']:,} articles ({about['file']}, sha256 {about['fingerprint']}…)"
        for name, about in part["data"].items()
    )
    description = f"- {part['data_description']}\n" if part["data_description"] else ""
    return _CARD.format(
        name=config["name"],
        base=part["base"],
        base_licence=part["base_licence"],
        quantization=part["quantization"],
        data=data,
        description=description,
        stages="\n".join(
            f"- {name}: step {about['best_step']} of {about['steps']}{'' if about['kept'] else ', not kept'}"
            for name, about in part["stages"].items()
        ),
        recipe="\n".join(f"| {name} | {value} |" for name, value in part["recipe"].items()),
        begin=SCORES_BEGIN,
        end=SCORES_END,
    )
