"""The systems that speed.py measures. As a program, reads one job from standard input and prints its figures.

Only the standard library is imported at the top, because the imports of a system are part of its load time.
"""

from __future__ import annotations

import json
import os
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OURS = "this project"
MAIN = f"{OURS}, brief"
BERT = "bert-extractive-summarizer, MiniLM-L6"
BART = "BART-large, random weights"
DISTILBART = "DistilBART 12-6, random weights"
DECODER_LAYERS = {BART: 12, DISTILBART: 6}
SYSTEMS = {
    "this project, brief, extract": "brief",
    "this project, standard, extract": "bullets",
    "this project, brief": "brief",
    "this project, standard": "bullets",
    "LEAD-3": "brief",
    "sumy LexRank": "brief",
    "sumy TextRank": "brief",
    "sumy LSA": "brief",
    BERT: "brief",
    DISTILBART: "",
    BART: "",
}
"""Each system, and the human list for its ROUGE; empty for random weights, whose output has no quality."""
SENTENCES = 3
TOKENS_A_WORD = 1.3
BART_INPUT = 1024
BART_OUTPUT = 60
HUB_MINILM = "sentence-transformers/all-MiniLM-L6-v2"
_LIBRARIES = ("ctranslate2", "numpy", "tokenizers", "sumy", "torch", "transformers", "spacy", "sklearn")


@dataclass(frozen=True)
class Loaded:
    """A loaded system.

    Attributes:
        one: Returns the bullets of an article.
        many: Returns the summaries of many articles; None if the system takes only one article at a time.
    """

    one: Callable[[str], list[str]]
    many: Callable[[Iterable[str]], Iterable[object]] | None = None


def cores() -> int:
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def peak() -> float:
    """Peak memory of this process, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)


def measured(name: str, texts: list[str], rounds: int, checkpoint: str) -> dict[str, Any]:
    """Seconds to load, to the first summary and for an article, articles a second, peak memory, and the bullets."""
    start = time.perf_counter()
    system = loaded(name, checkpoint)
    ready = time.perf_counter()
    system.one(texts[0])
    first = time.perf_counter()
    seconds, bullets = [], []
    for text in texts * rounds:
        at = time.perf_counter()
        bullets.append(system.one(text))
        seconds.append(time.perf_counter() - at)
    rate = len(seconds) / sum(seconds)
    if system.many:
        at = time.perf_counter()
        rate = sum(1 for _ in system.many(texts * rounds)) / (time.perf_counter() - at)
    versions = {n: str(sys.modules[n].__version__) for n in _LIBRARIES if hasattr(sys.modules.get(n), "__version__")}
    return {
        "load": ready - start,
        "first": first - start,
        "article": statistics.median(seconds),
        "seconds": seconds,
        "rate": rate,
        "memory": peak(),
        "articles": len(texts),
        "bullets": bullets[: len(texts)],
        "versions": versions,
    }


def loaded(name: str, checkpoint: str = "") -> Loaded:
    """Loads a system by its name in SYSTEMS. `checkpoint` is the MiniLM or BART checkpoint, if the system needs one."""
    if name.startswith(OURS):
        return _ours(name)
    if name == "LEAD-3":
        from summarizer.reading import content_sentences

        return Loaded(lambda text: [s.text for s in content_sentences(text)[:SENTENCES]])
    if name.startswith("sumy"):
        return _sumy(name)
    return _bert_extractive(checkpoint) if name == BERT else _bart(checkpoint)


def _ours(name: str) -> Loaded:
    from summarizer import Summarizer

    summarizer = Summarizer.from_pretrained()
    _, length, *policy = name.split(", ")
    options: dict[str, Any] = {"length": length, "policy": policy[0] if policy else "checked"}
    return Loaded(
        lambda text: [bullet.text for bullet in summarizer(text, **options).bullets],
        lambda texts: summarizer.stream(texts, **options),
    )


def _sumy(name: str) -> Loaded:
    from sumy.models.dom import ObjectDocumentModel, Paragraph, Sentence
    from sumy.nlp.stemmers import Stemmer

    from summarizer.reading import content_sentences, words

    if name == "sumy LexRank":
        from sumy.summarizers.lex_rank import LexRankSummarizer as Kind
    elif name == "sumy TextRank":
        from sumy.summarizers.text_rank import TextRankSummarizer as Kind
    else:
        from sumy.summarizers.lsa import LsaSummarizer as Kind

    class Words:  # replaces sumy's tokenizer, which downloads its data
        def to_words(self, sentence: str) -> list[str]:
            return words(sentence)

    kind = Kind(Stemmer("english"))

    def summarize(text: str) -> list[str]:
        document = ObjectDocumentModel([Paragraph([Sentence(s.text, Words()) for s in content_sentences(text)])])
        return [str(s) for s in kind(document, SENTENCES)]

    return Loaded(summarize)


def _bert_extractive(checkpoint: str) -> Loaded:
    # This package is also called `summarizer`; PYTHONPATH puts it before this project's. It imports names that
    # transformers 5 no longer has, so it is installed with transformers 4. It splits sentences itself, with spaCy's
    # rules, which need no download. The encoder is the one that this project's encoder was trained from.
    import torch
    from transformers import AutoModel, AutoTokenizer

    from summarizer import Summarizer

    if not hasattr(Summarizer, "run"):
        raise ImportError("bert-extractive-summarizer was not found; give --bert-extractive")
    torch.set_num_threads(cores())
    model = AutoModel.from_pretrained(checkpoint, output_hidden_states=True)
    summarizer = Summarizer(custom_model=model, custom_tokenizer=AutoTokenizer.from_pretrained(checkpoint))
    return Loaded(lambda text: list(summarizer(text, num_sentences=SENTENCES, return_as_list=True)))


def _bart(checkpoint: str) -> Loaded:
    import torch
    from transformers import BartForConditionalGeneration

    torch.set_num_threads(cores())
    model = BartForConditionalGeneration.from_pretrained(checkpoint).eval()
    draw = random.Random(1)

    def summarize(text: str) -> list[str]:
        tokens = min(round(TOKENS_A_WORD * len(text.split())), BART_INPUT)
        ids = torch.tensor([[0, *(draw.randrange(5, 50000) for _ in range(tokens - 2)), 2]])
        with torch.inference_mode():
            # The settings of the checkpoint, except the length: with random weights nothing would end a summary.
            model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                num_beams=4,
                min_length=BART_OUTPUT,
                max_length=BART_OUTPUT,
                no_repeat_ngram_size=3,
                length_penalty=2.0,
                early_stopping=True,
            )
        return []

    return Loaded(summarize)


def write_bart(name: str, folder: str) -> None:
    """Writes a checkpoint of BART's shape with random weights, so that loading reads as many bytes as the real one."""
    from transformers import BartConfig, BartForConditionalGeneration

    shape = BartConfig(  # facebook/bart-large-cnn; sshleifer/distilbart-cnn-12-6 has half as many decoder layers
        vocab_size=50264,
        d_model=1024,
        encoder_layers=12,
        decoder_layers=DECODER_LAYERS[name],
        encoder_attention_heads=16,
        decoder_attention_heads=16,
        encoder_ffn_dim=4096,
        decoder_ffn_dim=4096,
        max_position_embeddings=1024,
    )
    BartForConditionalGeneration(shape).save_pretrained(Path(folder))


def main() -> None:
    """Runs the job from standard input; prints the result as the last line."""
    job = json.load(sys.stdin)
    if "write" in job:
        print(json.dumps(write_bart(job["write"], job["folder"])))
    else:
        print(json.dumps(measured(**job)))


if __name__ == "__main__":
    main()
