"""The model card: what the model does, its training data, and how to reproduce it. `python -m eval` adds the scores."""

from __future__ import annotations

from typing import Any

from huggingface_hub import ModelCardData

from eval.card import SCORES_BEGIN, SCORES_END

_CARD = """---
{metadata}
---
# {name}

{what} Run the model with newsroom-summarizer: `Summarizer.from_pretrained("{name}")`. The folder has only weights
and contains no article text.

{parts}
## Scores

{begin}
{unmeasured}
{end}

## Limits

{limits}
- It was trained on news in: {languages}. Other languages are split into sentences and scored,
  but nothing was measured for them.
- ROUGE measures similarity to the reference lists of the data named in the tables. It does not measure truth or taste.
- A sentence can mislead outside its context. Every bullet has its source spans, so that an editor can check.
"""
_PART = """## {title}

- Base checkpoint: {base} ({base_licence}), fine-tuned and stored as {form}.
{data}
- Made by `{command}`{time}.
- Weights after step {steps} of {all_steps}, which scored best on the validation articles{averaged}.
- Settings: {recipe}.
"""
_WHAT = {
    "extractor": "The extractor estimates for each sentence of a news article how likely it is a source of an editor's "
    "key point, and which sentences belong to the same point.",
    "rewriter": "The rewriter puts into a sentence who or what is meant, and leaves words out of long ones.",
    "verifier": "The verifier reads a key point with its source sentences and estimates how likely it is that an "
    "editor would print it.",
    "highlights": "The head for highlights chooses the points of a newsroom's own kind of list.",
}
_LIMITS = {
    "extractor": "- A bullet that is not rewritten is a sentence of the article, nearly in its full length: only an "
    "opening such as 'But' and asides in parentheses are left out.",
    "rewriter": "- A rewrite can be wrong in a way that no check finds.",
    "verifier": "- A text that the verifier accepts can still be wrong; its probability says how often that is so.",
}
_UNMEASURED = "Not measured yet: `python -m eval --model MODEL --data FILE --card`."


def card(config: dict[str, Any]) -> str:
    """Returns the model card for a config."""
    parts = [task for task in _WHAT if task in config]
    metadata = ModelCardData(
        language=config["languages"],
        library_name="newsroom-summarizer",
        license="apache-2.0",
        pipeline_tag="summarization",
        tags=["news"],
    )
    return _CARD.format(
        metadata=metadata.to_yaml(),
        name=config["name"],
        languages=", ".join(config["languages"]),
        what=" ".join(_WHAT[task] for task in parts),
        parts="\n".join(_part(task, config[task]) for task in parts),
        limits="\n".join(_LIMITS[task] for task in parts if task in _LIMITS),
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
    return _PART.format(
        title=f"The {task}",
        task=task,
        base=part["base"],
        base_licence=part["base_licence"],
        form=part["quantization"] + " for CTranslate2" * (task != "highlights"),
        command=part.get("command") or f"python -m training {task} --config training/configs/{task}.yaml",
        time=f", in {part['seconds'] / 60:,.0f} minutes on {part['machine']}" if "seconds" in part else "",
        data="\n".join(data),
        steps=part["best_step"],
        all_steps=part["steps"],
        averaged=", averaged with the weights of the base" * part.get("averaged_with_base", False),
        recipe=", ".join(f"{name}={value}" for name, value in part["recipe"].items()),
    )


def _count(about: dict[str, Any]) -> str:
    return f"{about['articles']:,} articles, " if "articles" in about else ""
