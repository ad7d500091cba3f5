"""What the verifier reads, and its training on a tiny BERT built in memory."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from summarizer.checks import verifier
from summarizer.checks.verifier import (
    ADDED,
    CONTEXT,
    KEPT,
    MAX_TOKENS,
    MOVED,
    ONLY_IN_CONTEXT,
    SOURCE_DROPPED,
    SOURCE_KEPT,
    Verifier,
    verifier_input,
)

torch = pytest.importorskip("torch")
SOURCES = "The council voted on Monday to keep the baths open, said Ann Roe, who leads it. Repairs cost 29 pounds."
ARTICLE = f"{SOURCES} Derek Malloy, the finance chief, voted against and called the sum a gamble of 340 pounds."


@pytest.fixture(scope="module")
def tokenizer(tiny_checkpoint):
    return Tokenizer.from_file(str(tiny_checkpoint / "tokenizer.json"))


def marks(tokenizer, text, sources, context="", title=None):
    read = verifier_input(tokenizer, text, sources, context, title)
    point = read.marks[1 : 1 + read.size]
    return dict(zip((tokenizer.id_to_token(i) for i in read.ids[1 : 1 + read.size]), point, strict=True)), read


def test_each_token_says_how_it_stands_to_the_other_side(tokenizer):
    found, read = marks(tokenizer, "a c b x 9", "a b c d", context="x")
    assert found["a"] == KEPT and {found["b"], found["c"]} == {KEPT, MOVED}
    assert found["x"] == ONLY_IN_CONTEXT and found["9"] == ADDED
    there = read.marks[read.size + 2 :][:4]
    assert there.count(SOURCE_KEPT) == 2 and there[0] == SOURCE_KEPT and there[3] == SOURCE_DROPPED
    assert read.marks[-2:] == [CONTEXT, CONTEXT]


@given(*[st.text(max_size=400)] * 4)
def test_any_text_can_be_read(tiny_checkpoint, text, sources, context, title):
    read = verifier_input(Tokenizer.from_file(str(tiny_checkpoint / "tokenizer.json")), text, sources, context, title)
    assert len(read.ids) == len(read.marks) <= MAX_TOKENS and 0 <= read.size < len(read.ids)


@pytest.mark.parametrize("text", ['"' * 1_000_000, "No. " * 250_000, "a" * 1_000_000], ids=["marks", "words", "letter"])
def test_a_megabyte_is_cut_before_it_is_compared(tokenizer, text, monkeypatch):
    """The time of the comparison grows with the square of the tokens."""
    sizes = []

    class Matcher(verifier.SequenceMatcher):
        def __init__(self, junk, a, b, **rest):
            sizes.append(max(len(a), len(b)))
            super().__init__(junk, a, b, **rest)

    monkeypatch.setattr(verifier, "SequenceMatcher", Matcher)
    read = verifier_input(tokenizer, text, text[::-1], text, text)
    assert len(read.ids) <= MAX_TOKENS and sizes and max(sizes) <= MAX_TOKENS


def test_a_copied_sentence_is_kept_whole(tokenizer):
    read = verifier_input(tokenizer, SOURCES, SOURCES, "", None)
    assert set(read.marks[1 : 1 + read.size]) == {KEPT}


def rewrites(count: int) -> list[dict]:
    """Judged rewrites that a model can tell apart: the good ones are copies, the others speak of another thing."""
    rows = []
    for i in range(count):
        sources = f"The council of town {i} voted to keep the baths open. Repairs will cost {i} pounds."
        good = {"text": f"The council of town {i} voted to keep the baths open.", "verdict": "good"}
        bad = {"text": f"The quarry of town {i + 7} zapped the jazz.", "verdict": "untrue"}
        point = {"sources": [[0, len(sources)]], "judged": [good, bad]}
        rows.append({"id": str(i), "article": f"{sources} It rained all week.", "points": [point]})
    return rows


def as_file(path: Path, rows: list[dict]) -> Path:
    with gzip.open(path, "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return path


def test_it_learns_to_tell_good_from_bad_and_runs_without_torch(tiny_checkpoint, tmp_path, capsys):
    import torch
    from safetensors.torch import load_file

    from training.__main__ import main
    from training.verifier import VerifierArguments, _start

    data = as_file(tmp_path / "judged.jsonl.gz", rewrites(120))
    run, model = tmp_path / "run", tmp_path / "model"
    told = ["--train", str(data), "--base_model", str(tiny_checkpoint), "--output", str(run)]
    main(["verifier", *told, "--epochs", "6", "--learning_rate", "3e-3", "--eval_steps", "20", "--bf16", "false"])
    record = json.loads((run / "run.json").read_text())
    assert record["held_out"]["all"]["auc"] > 0.9
    assert [row["threshold"] for row in record["held_out"]["all"]["curve"]] == [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    main(["export", str(run), "--output", str(model), "--quantization", "float32"])
    verifier = Verifier(model / "verifier", 2)
    one = rewrites(1)[0]
    texts = [candidate["text"] for candidate in one["points"][0]["judged"]]
    good, bad = verifier.start(texts, "others", one["article"], "", None).result()
    assert good.good > bad.good and 0 <= bad.good <= good.good <= 1 and bad.fault == "untrue"
    assert verifier.start([], "rewrites", "", "", None, []).result() == [] and verifier.threshold == 0.6
    verifier.close()
    config = json.loads((model / "verifier" / "config.json").read_text())
    del config["verifier"]["calibration"]["others"]  # as version 0.7 wrote it
    (model / "verifier" / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match="older version"):
        Verifier(model / "verifier", 2)

    # It can be trained on from what was exported.
    again, _ = _start(VerifierArguments(base_model=str(model)))
    weights = again.encoder.state_dict()
    for name, value in load_file(run / "encoder" / "model.safetensors").items():
        assert name.startswith("pooler") or torch.allclose(weights[name], value, atol=1e-6), name
    assert torch.equal(again.head.weight, load_file(run / "head.safetensors")["weight"])


def test_probabilities_are_fitted_for_each_kind_of_point():
    import numpy as np

    from summarizer.checks.verifier import VERDICTS
    from training.data.judged import Judged
    from training.verifier import calibrations

    draw = np.random.default_rng(1)
    said, points = [], []
    for i in range(4500):  # the head cannot tell; the score can, and sentences are never untrue
        kind, score = ("sentences", "rewrites", "others")[i % 3], float(draw.uniform(-0.5, 0))
        good = draw.random() < {"sentences": 0.4, "rewrites": 0.5 + score, "others": 0.8}[kind]
        verdict = "good" if good else {"sentences": "leaning", "rewrites": "untrue", "others": "broken"}[kind]
        said.append(draw.normal(size=len(VERDICTS)) * 0.1)
        scored = score if kind == "rewrites" else None
        points.append(Judged(str(i), "", "", "", None, verdict, scored, kind == "sentences"))
        assert points[-1].kind == kind
    found = calibrations(np.array(said, np.float32), points)
    nothing = np.zeros(len(VERDICTS), np.float32)
    assert found["sentences"](nothing) == pytest.approx([0.4, 0, 0, 0.6, 0], abs=0.04)
    assert found["others"](nothing) == pytest.approx([0.8, 0, 0.2, 0, 0], abs=0.04)
    assert found["rewrites"](nothing, -0.1)[:2] == pytest.approx([0.4, 0.6], abs=0.06)
    assert found["rewrites"](nothing, -0.4)[0] == pytest.approx(0.1, abs=0.06)
    # With too few sentences theirs are those of all, whatever the score.
    others = [point for point in points if not point.sentence]
    few = calibrations(np.array(said, np.float32)[[not point.sentence for point in points]], others)
    good = sum(point.verdict == "good" for point in others) / len(others)
    assert few["sentences"](nothing)[0] == pytest.approx(good, abs=0.02)
    # Unless the verifier that was trained on had one.
    again = calibrations(np.array(said[:60], np.float32), points[:60], found)
    assert again == found


def test_what_is_no_judgement_is_named_with_its_place(tmp_path):
    from training.data.judged import judged

    rows = rewrites(2)
    rows[1]["points"][0]["judged"][0]["verdict"] = "fine"
    with pytest.raises(ValueError, match=r"line 2 .*'fine' is not one of good"):
        judged(str(as_file(tmp_path / "bad.jsonl.gz", rows)))
    with pytest.raises(ValueError, match="'article' is missing"):
        judged(str(as_file(tmp_path / "worse.jsonl.gz", [{"id": "1", "points": []}])))


def test_too_few_judgements_to_hold_any_out(tmp_path, capsys):
    from training.__main__ import main

    source = str(as_file(tmp_path / "judged.jsonl.gz", rewrites(1)))
    with pytest.raises(SystemExit):
        main(["verifier", "--train", source, "--output", str(tmp_path / "run")])
    assert "too few articles with judged points" in capsys.readouterr().err


def test_the_verifier_does_not_learn_from_what_a_reader_wrote(tmp_path):
    from training.data.judged import judged

    rows = rewrites(2)
    rows[1]["points"][0]["judged"][0]["corrected"] = True
    source = str(as_file(tmp_path / "judged.jsonl.gz", rows))
    assert len(judged(source)) == 4 and [one.id for one in judged(source, corrections=False)] == ["0", "0", "1"]


def test_an_article_is_held_out_with_all_that_was_written_of_it():
    from training.data.judged import Judged, divided

    found = [Judged(str(i // 4), f"t{i}", "", "", None, "good") for i in range(400)]
    parts = divided(found)
    ids = [{one.id for one in part} for part in parts]
    assert sum(map(len, parts)) == 400 and not ids[0] & ids[1] and not ids[0] & ids[2] and not ids[1] & ids[2]
    assert len(parts[0]) > 250 and all(parts[1:])


@given(st.text(max_size=80), st.text(max_size=200))
def test_pieces_give_a_text_back(text, article):
    from training.data.packing import packed, unpacked

    assert unpacked(packed(text, article), article) == text


def test_what_was_packed_is_training_data_again(tmp_path, story):
    from training.__main__ import main
    from training.data.judged import judged
    from training.data.packing import packed

    text, said = story.text, "Ann Roe said the baths stay open."
    first = text.index(".") + 1
    judgement = {"text": packed(said, text), "verdict": "good"}
    row = {"id": "1", "points": [{"sources": [[0, first]], "judged": [judgement]}]}
    lists = {"id": "1", "points": [{"rank": 1, "brief": packed(said, text), "sources": [[0, first]]}]}
    articles = as_file(tmp_path / "articles.jsonl.gz", [{"id": "1", "article": text, "title": "Baths"}])
    for name, one in (("judged", row), ("lists", lists)):
        given = as_file(tmp_path / f"{name}.packed.jsonl.gz", [one])
        main(["unpack", str(given), "--articles", str(articles), "--output", str(tmp_path / f"{name}.jsonl")])
    (found,) = judged(str(tmp_path / "judged.jsonl"))
    assert (found.text, found.sources, found.title) == (said, text[:first], "Baths")
    whole = json.loads((tmp_path / "lists.jsonl").read_text())
    assert whole["points"][0]["brief"] == said and whole["article"] == text
