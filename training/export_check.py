"""Compares an exported model with the trained one on the same articles."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer

from eval.data import Example
from eval.measures import rouge
from summarizer.checkpoints import (
    Engine,
    GenerationSettings,
    Generator,
    TransformersEngine,
    as_read,
    int8_generator,
    load,
)
from summarizer.checks import Verifier
from summarizer.points import (
    BEAM,
    MAX_SOURCE_TOKENS,
    MAX_TARGET_TOKENS,
    Extractor,
    Rewriter,
    asked,
    finished,
    prompt,
)
from summarizer.reading import content_sentences, words

from .calibration import auc
from .data import Pair, divided, judged, pairs
from .modeling import (
    ExtractorCollator,
    ExtractorDataset,
    ExtractorModel,
    Head,
)

MOST = 100
"""Maximum number of articles, or pairs, to compare."""
_TOP = 3


def fidelity(task: str, run: Path, part: Path, examples: Sequence[Example]) -> str:
    """Returns a table that compares the trained and the exported model on at most `MOST` articles: scores, agreement
    and speed on this machine's CPU.

    Args:
        task: "extractor", "rewriter" or "generator".
        run: The run's folder.
        part: The exported part.
        examples: Articles with human bullets.
    """
    threads = torch.get_num_threads()
    examples = examples[:MOST]
    if task == "extractor":
        rows = _extractor(run, part, examples)
    elif task == "rewriter":
        rows = _rewriter(run, part, pairs(examples, progress=False)[:MOST])
    else:
        exported = int8_generator(part)
        model, tokenizer = load(str(run / "model"), torch.float32)
        texts = [as_read(content_sentences(example.text)) for example in examples]
        references = [example.references for example in examples]
        trained = TransformersEngine(model.eval(), tokenizer)
        rows = _written(texts, references, trained, exported.engine, exported.settings)
    torch.set_num_threads(threads)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def verifier_fidelity(run: Path, part: Path) -> str:
    """Returns a table that compares the trained and the exported verifier on the judged rewrites that training held
    out: those of the shipped rewriter, or all if it wrote none."""
    record = json.loads((run / "run.json").read_text("utf-8"))
    sources = record["arguments"]["train"].split(",")
    _, _, kept = divided([one for source in sources for one in judged(source, corrections=False)])
    own = [one for one in kept if one.score is not None]
    kind, kept = ("rewrites", own) if own else ("all", kept)
    verifier = Verifier(part, torch.get_num_threads())
    began = time.perf_counter()
    waiting = [
        verifier.start([one.text], one.kind, one.sources, one.context, one.title, [one.score or 0.0]) for one in kept
    ]
    good = np.array([wait.result()[0].good for wait in waiting])
    speed = len(kept) / (time.perf_counter() - began)
    verifier.close()
    wanted = np.array([one.verdict == "good" for one in kept])
    rows = [
        ["", "AUC", "a second"],
        ["---"] * 3,
        ["trained", f"{record['held_out'][kind]['auc']:.4f}", ""],
        ["exported", f"{auc(good, wanted):.4f}", f"{speed:.0f}"],
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _written(
    texts: Sequence[str],
    references: Sequence[tuple[tuple[str, ...], ...]],
    original: Engine,
    exported: Engine,
    settings: GenerationSettings,
) -> list[list[str]]:
    rows = [["", "R1", "R2", "RLsum", "same text", "a second"], ["---"] * 6]
    first: list[tuple[str, ...]] = []
    for name, engine in (("trained", original), ("exported", exported)):
        write = Generator(engine, settings)
        answers, speed = _timed(lambda write=write: write(texts, [_TOP] * len(texts)), len(texts))  # type: ignore[misc]
        lists = [answer.bullets for answer in answers]
        first = first or lists
        scores = rouge(lists, references)[:, (0, 1, 3), 2].mean(0)
        same = 100 * float(np.mean([a == b for a, b in zip(first, lists, strict=True)]))
        rows.append([name, *(f"{score:.2f}" for score in scores), f"{same:.0f}%", f"{speed:.2f}"])
    return rows


def _rewriter(run: Path, part: Path, made: Sequence[Pair]) -> list[list[str]]:
    model, tokenizer = load(str(run / "checkpoint"))
    model.eval()
    rewriter = Rewriter(part, 1)
    wanted = [(pair, target) for pair in made for target in pair.targets]

    search = {"num_beams": BEAM, "no_repeat_ngram_size": 3}

    def trained() -> list[Any]:
        texts = []
        for pair, target in wanted:
            text = prompt(pair.sources, pair.context, pair.title)
            read = tokenizer(text, truncation=True, max_length=MAX_SOURCE_TOKENS)["input_ids"]
            asks = tokenizer(asked(len(words(target))), add_special_tokens=False)["input_ids"]
            begun = [model.config.decoder_start_token_id, *asks]
            with torch.inference_mode():
                (ids,) = model.generate(
                    torch.tensor([read]),
                    decoder_input_ids=torch.tensor([begun]),
                    **search,
                    max_new_tokens=MAX_TARGET_TOKENS - len(asks),
                )
            text = tokenizer.decode(ids[len(begun) :], skip_special_tokens=True)
            texts.append(finished(" ".join(text.split())))
        return texts

    def exported() -> list[Any]:
        found = (rewriter.start(p.sources, p.context, p.title, [len(words(t))])() for p, t in wanted)
        return [next((candidate.text for candidate in one), "") for one in found]

    texts, slow = _timed(trained, len(wanted))
    others, fast = _timed(exported, len(wanted))
    rows = [["", "R1", "R2", "RLsum", "same text", "a second"], ["---"] * 6]
    for name, lists, speed in (("trained", texts, slow), ("exported", others, fast)):
        scores = rouge([[one] for one in lists], [((target,),) for _, target in wanted])[:, (0, 1, 3), 2].mean(0)
        same = 100 * float(np.mean([a == b for a, b in zip(texts, lists, strict=True)]))
        rows.append([name, *(f"{score:.2f}" for score in scores), f"{same:.0f}%", f"{speed:.2f}"])
    return rows


def _extractor(run: Path, part: Path, examples: Sequence[Example]) -> list[list[str]]:
    record = json.loads((run / "run.json").read_text("utf-8"))
    tokenizer = AutoTokenizer.from_pretrained(run / "encoder")
    encoder = AutoModel.from_pretrained(run / "encoder")
    head = Head.of(load_file(run / "head.safetensors"), record["heads"])
    model = ExtractorModel(encoder, head).eval()
    collator = ExtractorCollator(tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.pad_token_id)
    articles = ExtractorDataset(examples, tokenizer.backend_tokenizer)
    names = ("features", "mask", "input_ids", "attention_mask", "owner")

    def trained() -> list[Any]:
        with torch.inference_mode():
            batches = (collator([item]) for item in articles.items)
            return [model(**{name: batch[name] for name in names})["logits"][0, :, 0].numpy() for batch in batches]

    wanted, slow = _timed(trained, len(articles))
    extractor = Extractor(part)
    read = list(zip(articles.sentences, articles.examples, strict=True))
    found, fast = _timed(lambda: [extractor(s, example.title).main for s, example in read], len(articles))
    distance = float(np.mean([np.abs(a - b).mean() for a, b in zip(wanted, found, strict=True)]))
    same = [
        len(set(np.argsort(-a)[:_TOP]) & set(np.argsort(-b)[:_TOP])) / min(_TOP, len(a))
        for a, b in zip(wanted, found, strict=True)
    ]
    return [
        ["", "mean distance of main scores (log-odds)", f"same best {_TOP} sentences", "articles a second"],
        ["---"] * 4,
        ["trained", "0", "100%", f"{slow:.1f}"],
        ["exported", f"{distance:.3f}", f"{100 * float(np.mean(same)):.0f}%", f"{fast:.1f}"],
    ]


def _timed(work: Callable[[], list[Any]], count: int) -> tuple[list[Any], float]:
    began = time.monotonic()
    found = work()
    speed = count / max(time.monotonic() - began, 1e-9)
    print(f"{count} in {count / speed:.0f} s", file=sys.stderr)
    return found, speed
