"""The measures of an evaluation, one file for each kind."""

from .bootstrap import RESAMPLES, SEED, Difference, Figure, differences, means, resampled, with_intervals
from .faithfulness import ArticleFacts, Metric, dangling, load_metric, standing_alone, words
from .matching import Matching, match, redundancy
from .oracle import f1, greedy_oracle, likeness, source_of, unigrams
from .points import Wanted, stands
from .rouge import MEASURES, PARTS, References, Several, is_english, rouge, tokenizer

__all__ = [
    "MEASURES",
    "PARTS",
    "RESAMPLES",
    "SEED",
    "ArticleFacts",
    "Difference",
    "Figure",
    "Matching",
    "Metric",
    "References",
    "Several",
    "Wanted",
    "dangling",
    "differences",
    "f1",
    "greedy_oracle",
    "is_english",
    "likeness",
    "load_metric",
    "match",
    "means",
    "redundancy",
    "resampled",
    "rouge",
    "source_of",
    "standing_alone",
    "stands",
    "tokenizer",
    "unigrams",
    "with_intervals",
    "words",
]
