"""The measures as a metric of Hugging Face's `evaluate` library, usable without the Hub."""

from __future__ import annotations

from typing import Any

import datasets
import evaluate
import numpy as np

from .data import Example
from .evaluation import evaluate as measured

_DESCRIPTION = """Compares lists of bullets with the lists that people wrote: ROUGE F1 (rouge-score, stemmed, one bullet
a line), one-to-one matching of bullets, redundancy, dangling bullets and, if the articles are given, facts found in
them, coverage, density, compression and novelty."""
_INPUTS = """
Args:
    predictions: A list of bullets for each article.
    references: The reference list of each article, or several lists.
    articles: The articles; optional.
    language: "en" (rouge-score's tokenizer) or another code (a Unicode tokenizer). Default "en".
    several: "best" or "mean", for articles with several reference lists. Default "best".

Returns:
    The means by name. rouge1, rouge2, rougeL, rougeLsum and bullet_match are F1; names with _precision and _recall
    added are their precision and recall.
"""
_CITATION = "Lin, C.-Y. 2004. ROUGE: A Package for Automatic Evaluation of Summaries."


class KeyPoints(evaluate.Metric):  # type: ignore[misc]
    """For example `KeyPoints().compute(predictions=[["One point."]], references=[["A reference point."]])`."""

    def _info(self) -> evaluate.MetricInfo:
        text = datasets.Value("string")
        lists = datasets.Sequence(text)
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=datasets.Features({"predictions": lists, "references": datasets.Sequence(lists)}),
        )

    def add_batch(self, *, predictions: Any = None, references: Any = None, **others: Any) -> None:
        """As in `evaluate`; a single reference list of an article is wrapped in a list."""
        super().add_batch(
            predictions=predictions, references=[_several(reference) for reference in references], **others
        )

    def add(self, *, prediction: Any = None, reference: Any = None, **others: Any) -> None:
        """As `add_batch`, for one article."""
        super().add(prediction=prediction, references=_several(reference), **others)

    def _compute(
        self,
        predictions: list[list[str]],
        references: list[Any],
        articles: list[str] | None = None,
        language: str = "en",
        several: Any = "best",
    ) -> dict[str, float]:
        if articles is not None and len(articles) != len(predictions):
            raise ValueError(f"there are {len(articles)} articles for {len(predictions)} lists of bullets")
        examples = []
        for i, lists in enumerate(references):
            if not all(lists):
                raise ValueError(f"the reference list of article {i} is empty; nothing can be measured against it")
            examples.append(Example(str(i), articles[i] if articles else "", tuple(map(tuple, lists))))
        result = measured(examples, {"predictions": predictions}, language, several)
        means = {name: figure.value for name, figure in result.figures["predictions"].items()}
        return {name.removesuffix("_f1"): value for name, value in means.items() if not np.isnan(value)}


def _several(reference: Any) -> Any:
    return [reference] if not reference or isinstance(reference[0], str) else reference
