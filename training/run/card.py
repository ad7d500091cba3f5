"""The model card: what the model is, what it was made from, how to make it again. Scores come from `python -m eval`."""

from __future__ import annotations

from typing import Any

from eval.card import SCORES_BEGIN, SCORES_END

_CARD = """---
language: [{languages}]
library_name: newsroom-summarizer
license: apache-2.0
tags: [summarization, news]
---
# {name}

{what} Run by newsroom-summarizer: `Summarizer.from_pretrained("{name}")`. The folder holds weights only, none of the
articles' text.

{parts}
## Scores

{begin}
{unmeasured}
{end}

## Limits

{limits}
- It was trained on news in: {languages}. Other languages are split and scored, but nothing was measured there.
- ROUGE measures likeness to the highlights of one site. It does not measure truth or taste.
- A sentence can mislead outside its place. Every bullet carries its source spans, so that an editor can look.
"""
NO_QUANTIZATION = "none"
"""Of a checkpoint in transformers' own form."""
_PART = """## {title}

- Base checkpoint: {base} ({base_licence}), fine-tuned and stored as {form}.
{data}
- Made by `{command}`{time}.
{steps}

| setting | value |
| --- | --- |
{recipe}
"""
_WHAT = {
    "extractor": "Says of every sentence of a news article how likely an editor's key points stand on it, and with "
    "which others.",
    "rewriter": "Writes a key point from the sentences that it stands on, in a given number of words.",
    "verifier": "Says of a key point, read beside its sentences, how likely an editor would print it.",
    "generator": "Writes the key points of a news article; each is then held against the article's sentences.",
}
_LIMITS = {
    "extractor": "- A bullet that is not rewritten is as long, and as well put, as the article's own sentence.",
    "rewriter": "- A rewrite can be wrong in ways that no check finds.",
    "verifier": "- What the verifier lets through can still be wrong: one in so many is, as its probability says.",
    "generator": "- What it writes can be wrong in ways that no check finds; what fails a check is replaced by the "
    "article's own sentence.",
}
_UNMEASURED = "Not measured yet: `python -m eval --model MODEL --data FILE --card`."


def card(config: dict[str, Any]) -> str:
    """The card of a model folder, from its config."""
    parts = [task for task in _WHAT if task in config]
    return _CARD.format(
        name=config["name"],
        languages=", ".join(config["languages"]),
        what=" ".join(_WHAT[task] for task in parts),
        parts="\n".join(_part(task, config[task]) for task in parts),
        limits="\n".join(_LIMITS[task] for task in parts),
        begin=SCORES_BEGIN,
        end=SCORES_END,
        unmeasured=_UNMEASURED,
    )


def _part(task: str, part: dict[str, Any]) -> str:
    data = [
        f"- {name.capitalize()}: {_count(about)}{about['file']}, sha256 {about['fingerprint']}…"
        for name, about in part["data"].items()
    ]
    if part["data_description"]:
        data.append(f"- {part['data_description']}")
    if "pairs" in part:
        data.append(
            f"- Pairs of sentences and bullets: {', '.join(f'{n:,} {name}' for name, n in part['pairs'].items())}."
        )
    stages = part.get("stages") or {"training": part | {"kept": True}}
    steps = [
        f"- Stage {name}: {_done(about)}"
        f"{'' if about['kept'] else '; an earlier stage scored better, and this one was undone'}."
        for name, about in stages.items()
    ]
    return _PART.format(
        title=f"The {task}",
        task=task,
        base=part["base"],
        base_licence=part["base_licence"],
        form="safetensors" if part["quantization"] == NO_QUANTIZATION else f"{part['quantization']} for CTranslate2",
        command=part.get("command") or f"python -m training {task} --config training/configs/{task}.yaml",
        time=f", in {part['seconds'] / 60:,.0f} minutes on {part['machine']}" if "seconds" in part else "",
        data="\n".join(data),
        steps="\n".join(steps),
        recipe="\n".join(f"| {name} | {value} |" for name, value in part["recipe"].items()),
    )


def _count(about: dict[str, Any]) -> str:
    return f"{about['articles']:,} articles, " if "articles" in about else ""


def _done(stage: dict[str, Any]) -> str:
    if not stage["steps"]:
        return "the mean of the weights, without training"
    return f"step {stage['best_step']} of {stage['steps']} scored best on the validation articles"
