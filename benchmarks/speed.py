"""Compares the speed and memory of this project with other summarizers, in one run: `python benchmarks/speed.py`.

Each system runs in its own process, one after the other, on the same articles (the examples) and cores: this project,
LEAD-3, sumy, bert-extractive-summarizer, and the architecture of bart-large-cnn with random weights, which costs the
same arithmetic. Prints a table in Markdown. Quality is compared by `python -m eval`.

The package of bert-extractive-summarizer is also called `summarizer`, and needs transformers 4. Install it in its own
folder: `pip install --target FOLDER bert-extractive-summarizer 'transformers<5'`, then pass `--bert-extractive FOLDER`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

# Only the standard library is imported here: the imports of a system are part of its load time, and a process inherits
# the peak memory of its parent.
HERE = Path(__file__).resolve().parent
OURS = "this project"
BART = "BART-large, random weights"
BERT = "bert-extractive-summarizer, MiniLM-L6"
SYSTEMS = (
    f"{OURS}, brief", f"{OURS}, standard", f"{OURS}, standard, extract", "LEAD-3", "sumy LexRank", "sumy TextRank",
    "sumy LSA", BERT, BART,
)  # fmt: skip
HUB_MINILM = "sentence-transformers/all-MiniLM-L6-v2"
SENTENCES = 3
TOKENS_A_WORD = 1.3
BART_INPUT, BART_OUTPUT = 1024, 60
LIBRARIES = ("ctranslate2", "sumy", "torch", "transformers")


def main() -> None:
    """Measures the systems, each in a process of its own, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="runs for each article (default: 3)")
    parser.add_argument("--only", default="", metavar="NAME", help="only systems with this text in their name")
    parser.add_argument("--minilm", default=HUB_MINILM, metavar="FOLDER", help=f"encoder (default: {HUB_MINILM})")
    parser.add_argument("--bert-extractive", default="", metavar="FOLDER", help="folder of that package")
    parser.add_argument("--system", help=argparse.SUPPRESS)  # in a process of its own
    args = parser.parse_args()
    texts = [json.loads(p.read_text("utf-8"))["text"] for p in sorted((HERE.parent / "examples").glob("*.json"))]
    if args.system:
        few = texts[:2] if args.system == BART else texts  # BART takes many seconds an article
        print(json.dumps(measured(args.system, few, 1 if args.system == BART else args.rounds, args.minilm)))
        return
    figures = {name: _in_own_process(name, args) for name in SYSTEMS if args.only in name}
    print(_about(texts), end="\n\n")
    print("| system | load, s | an article, s | articles/s | peak memory, MB | times the time of standard |")
    print("| --- | --- | --- | --- | --- | --- |")
    whole = figures.get(f"{OURS}, standard")
    for name, of in figures.items():
        if "missing" in of:
            print(f"| {name} | {of['missing']} | | | | |")
            continue
        # the same articles: BART reads only the first ones
        times = sum(of["seconds"]) / sum(whole["seconds"][: len(of["seconds"])]) if whole else 1.0
        article = statistics.median(of["seconds"])
        print(f"| {name} | {of['load']:.1f} | {article:.3f} | {of['rate']:.2f} | {of['memory']:.0f} | {times:.3g} |")


def _in_own_process(name: str, args: argparse.Namespace) -> dict[str, Any]:
    """Returns the figures of a system, or why it was not measured."""
    print(name, file=sys.stderr)
    if name == BERT and not args.bert_extractive:
        return {"missing": "needs --bert-extractive"}
    packages = {"PYTHONPATH": str(Path(args.bert_extractive).resolve())} if name == BERT else {}
    command = [sys.executable, __file__, "--system", name, "--rounds", str(args.rounds), "--minilm", args.minilm]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | packages, cwd=HERE.parent
    )
    if done.returncode:
        return {"missing": (done.stderr.strip().splitlines() or ["failed without a message"])[-1][:100]}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _about(texts: list[str]) -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.is_file() else []
    cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    words = statistics.mean(len(text.split()) for text in texts)
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return f"{len(texts)} articles of {words:.0f} words on average, {cores()} cores of {cpu}, {libraries}."


@dataclass(frozen=True)
class Loaded:
    """A loaded system.

    Attributes:
        one: Summarizes an article.
        many: Summarizes many articles; None if the system takes only one article at a time.
    """

    one: Callable[[str], object]
    many: Callable[[Iterable[str]], Iterable[object]] | None = None


def cores() -> int:
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def measured(name: str, texts: list[str], rounds: int, checkpoint: str) -> dict[str, Any]:
    """Returns the seconds to load and for each article, articles a second, and the peak memory in MB."""
    start = time.perf_counter()
    system = loaded(name, checkpoint)
    load = time.perf_counter() - start
    system.one(texts[0])
    seconds = []
    for text in texts * rounds:
        at = time.perf_counter()
        system.one(text)
        seconds.append(time.perf_counter() - at)
    rate = len(seconds) / sum(seconds)
    if system.many:
        at = time.perf_counter()
        rate = sum(1 for _ in system.many(texts * rounds)) / (time.perf_counter() - at)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
    return {"load": load, "seconds": seconds, "rate": rate, "memory": peak}


def loaded(name: str, checkpoint: str) -> Loaded:
    """Loads a system by its name in SYSTEMS. `checkpoint` is the encoder of bert-extractive-summarizer."""
    if name.startswith(OURS):
        return _ours(name)
    if name == "LEAD-3":
        from summarizer.reading import content_sentences

        return Loaded(lambda text: content_sentences(text)[:SENTENCES])
    if name.startswith("sumy"):
        return _sumy(name)
    return _bert_extractive(checkpoint) if name == BERT else _bart()


def _ours(name: str) -> Loaded:
    from summarizer import Summarizer

    summarizer = Summarizer.from_pretrained()
    _, length, *policy = name.split(", ")
    options: dict[str, Any] = {"length": length, "policy": policy[0] if policy else "checked"}
    return Loaded(lambda text: summarizer(text, **options), lambda texts: summarizer.stream(texts, **options))


def _sumy(name: str) -> Loaded:
    from importlib import import_module

    from sumy.models.dom import ObjectDocumentModel, Paragraph, Sentence
    from sumy.nlp.stemmers import Stemmer

    from summarizer.reading import content_sentences, words

    class Words:  # replaces sumy's tokenizer, which downloads its data
        def to_words(self, sentence: str) -> list[str]:
            return words(sentence)

    module = {"sumy LexRank": "lex_rank", "sumy TextRank": "text_rank", "sumy LSA": "lsa"}[name]
    kind = name.split()[1].replace("LSA", "Lsa") + "Summarizer"
    summarizer = getattr(import_module(f"sumy.summarizers.{module}"), kind)(Stemmer("english"))

    def summarize(text: str) -> object:
        document = ObjectDocumentModel([Paragraph([Sentence(s.text, Words()) for s in content_sentences(text)])])
        return summarizer(document, SENTENCES)

    return Loaded(summarize)


def _bert_extractive(checkpoint: str) -> Loaded:
    # This package is also called `summarizer`; PYTHONPATH puts it before this project's. It splits sentences itself,
    # with spaCy's rules, which need no download. Its encoder is the one that this project's was trained from.
    import torch
    from transformers import AutoModel, AutoTokenizer

    from summarizer import Summarizer

    if not hasattr(Summarizer, "run"):
        raise ImportError("bert-extractive-summarizer was not found; give --bert-extractive")
    torch.set_num_threads(cores())
    model = AutoModel.from_pretrained(checkpoint, output_hidden_states=True)
    summarizer = Summarizer(custom_model=model, custom_tokenizer=AutoTokenizer.from_pretrained(checkpoint))
    return Loaded(lambda text: summarizer(text, num_sentences=SENTENCES, return_as_list=True))


def _bart() -> Loaded:
    import torch
    from transformers import BartConfig, BartForConditionalGeneration

    torch.set_num_threads(cores())
    shape = BartConfig(  # facebook/bart-large-cnn
        vocab_size=50264, d_model=1024, encoder_layers=12, decoder_layers=12, encoder_attention_heads=16,
        decoder_attention_heads=16, encoder_ffn_dim=4096, decoder_ffn_dim=4096, max_position_embeddings=1024,
    )  # fmt: skip
    model = BartForConditionalGeneration(shape).eval()
    draw = random.Random(1)

    def summarize(text: str) -> object:
        tokens = min(round(TOKENS_A_WORD * len(text.split())), BART_INPUT)
        ids = torch.tensor([[0, *(draw.randrange(5, 50000) for _ in range(tokens - 2)), 2]])
        with torch.inference_mode():
            # The settings of the checkpoint, except the length: with random weights nothing would end a summary.
            return model.generate(
                input_ids=ids, attention_mask=torch.ones_like(ids), num_beams=4, min_length=BART_OUTPUT,
                max_length=BART_OUTPUT, no_repeat_ngram_size=3, length_penalty=2.0, early_stopping=True,
            )  # fmt: skip

    return Loaded(summarize)


if __name__ == "__main__":
    main()
