"""Training from raw data to a model folder, on a tiny encoder built in memory."""

import json
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.data import Example, Point, read
from summarizer import Summarizer
from summarizer.points.extractor import (
    FEATURES,
    MAX_SENTENCE_TOKENS,
    OVERLAP,
    SCORES,
    WINDOW,
    Scored,
    surface_features,
    token_ids,
    windows,
)
from summarizer.reading.boilerplate import content_sentences
from training.__main__ import main
from training.data.pairs import pairs
from training.data.points import points_of, shares
from training.modeling.extractor_data import groups, labels

from ..articles import STORY, archive, written
from ..commands import called

torch = pytest.importorskip("torch")


@given(st.lists(st.integers(1, MAX_SENTENCE_TOKENS), max_size=200))
def test_every_sentence_is_fresh_in_one_window_that_fits(lengths):
    found = windows(lengths)
    assert [i for w in found for i in range(w.fresh, w.end)] == list(range(len(lengths)))
    for window in found:
        assert sum(lengths[window.start : window.end]) <= WINDOW - 2
        assert sum(lengths[window.start : window.fresh]) <= OVERLAP
        # There is context wherever the sentence before fits.
        assert window.fresh == 0 or lengths[window.fresh - 1] > OVERLAP or window.start < window.fresh


def header_list(*points):
    return Example("1", STORY, (tuple(p.texts["standard"] for p in points),), points)


def test_labels_are_the_sentences_that_points_stand_on():
    sentences = content_sentences(STORY)
    spans = [(s.start, s.end) for s in sentences]
    example = header_list(
        Point({"standard": sentences[2].text}, 4, (spans[0], spans[2])), Point({"standard": "two"}, 1, (spans[5],))
    )
    points = points_of(example, sentences)
    assert [(p.sources, p.rank) for p in points] == [((0, 2), 4), ((5,), 1)]
    found = labels(points, sentences)
    assert found.shape == (len(sentences), len(SCORES))
    assert [list(np.flatnonzero(column)) for column in found.T] == [[0, 2, 5], [0, 2, 5], [0, 2, 5]]
    main = found[:, 0]
    assert main.sum() == pytest.approx(2) and main[5] == 1
    assert main[2] > 3 * main[0]  # the point is the sentence word for word
    together = groups(points, len(sentences))
    assert together[0, 2] == together[2, 0] == 1 and together[0, 5] == together[5, 2] == 0


def test_a_point_without_a_text_teaches_which_sentences_it_stands_on(tmp_path):
    sentences = content_sentences(STORY)
    spans = [[s.start, s.end] for s in sentences]
    row = {"id": "1", "article": STORY, "points": [{"sources": [spans[1], spans[3]], "main": spans[3]}]}
    path = tmp_path / "lists.jsonl"
    path.write_text(json.dumps(row))
    (example,) = read(path)
    assert example.bullets == (" ".join(sentences[3].text.split()),)
    (point,) = points_of(example, sentences)
    assert point.sources == (1, 3) and shares(point, sentences) == pytest.approx([1 / 3, 2 / 3]) and not point.texts
    assert pairs([example]) == []
    path.write_text(json.dumps(row | {"points": [{"rank": 1}]}))
    with pytest.raises(ValueError, match='neither "standard" nor "brief", nor "sources"'):
        read(path)


def test_the_best_three_are_the_top():
    spans = [(s.start, s.end) for s in content_sentences(STORY)]
    points = points_of(
        header_list(*(Point({"standard": "x"}, 4 - i, (spans[i],), spans[i]) for i in range(4))),
        content_sentences(STORY),
    )
    assert list(np.flatnonzero(labels(points, content_sentences(STORY))[:, 2])) == [1, 2, 3]


def test_a_plain_list_is_traced_to_its_sentences():
    bullets = ("Council votes to keep the Marl Lane baths open", "Nobody knows why", "Work starts on May 11")
    points = tuple(Point({"brief": text}, rank) for rank, text in enumerate(bullets, 1))
    found = points_of(Example("1", STORY, (bullets,), points), content_sentences(STORY))
    assert [(p.sources, p.rank) for p in found] == [((0,), 1), ((len(content_sentences(STORY)) - 1,), 3)]


def test_a_span_that_the_splitter_cuts_otherwise_finds_its_sentence():
    first = content_sentences(STORY)[0]
    example = header_list(Point({"standard": "x"}, 1, ((first.start + 4, first.end),), (first.start + 4, first.end)))
    assert points_of(example, content_sentences(STORY))[0].sources == (0,)


def test_head_in_numpy_is_the_head_in_torch():
    from summarizer.points.extractor import Head as NumpyHead
    from training.modeling.extractor_model import Head

    torch.manual_seed(0)
    head = Head(hidden=24, width=16, heads=2, layers=2).eval()
    vectors, features, titles = torch.randn(2, 7, 24), torch.randn(2, 7, FEATURES), torch.randn(2, 24)
    titles[1] = 0  # none
    mask = torch.ones(2, 7, dtype=torch.bool)
    mask[1, 5:] = False
    with torch.no_grad():
        scores, queries, keys = head(vectors, features, mask, titles)
        pairs = head.pairs(vectors, queries, keys).numpy()
    in_numpy = NumpyHead({k: v.numpy() for k, v in head.state_dict().items()}, heads=2)
    for i, (n, title) in enumerate([(7, titles[0].numpy()), (5, None)]):
        found, asking, offering = in_numpy(vectors[i, :n].numpy(), features[i, :n].numpy(), title)
        assert found == pytest.approx(scores[i, :n].numpy(), abs=1e-5)
        unit = vectors[i, :n].numpy()
        unit = unit / np.linalg.norm(unit, axis=1, keepdims=True)
        scored = Scored((), *found.T, unit, asking, offering, in_numpy.weights)
        for j in range(n):
            assert scored.together(j) == pytest.approx(pairs[i, j, :n], abs=1e-4)


def test_features_do_not_depend_on_where_the_text_stands():
    sentences = content_sentences(STORY)
    found = surface_features(sentences)
    assert found.shape == (len(sentences), FEATURES) and np.isfinite(found).all()
    assert np.isfinite(surface_features(sentences[:1])).all()
    titled = surface_features(sentences, "The Marl Lane baths stay open")
    assert (titled[:, :-2] == found[:, :-2]).all() and titled[0, -1] > found[0, -1] == 0
    moved = content_sentences("LONDON (Reuters) - " + STORY)
    assert moved[0].start != sentences[0].start and (surface_features(moved) == found).all()


@pytest.fixture(scope="module")
def config(tmp_path_factory, tiny_checkpoint):
    folder = tmp_path_factory.mktemp("training")
    train, validation = written(folder / "train.jsonl", archive(12)), written(folder / "held.jsonl", archive(6, 1))
    written(folder / "more.jsonl", archive(12, 2))
    path = folder / "config.yaml"
    path.write_text(
        f"train: {train}\nvalidation: {validation}\noutput: {folder / 'run'}\n"
        f"base_model: {tiny_checkpoint}\nhead_articles: 8\nhead_epochs: 2\nepochs: 2\n"
        "batch_size: 4\neval_steps: 2\nwidth: 16\nheads: 2\nmeasured: 2\n"
    )
    return path


def train(config, *flags):
    return called(main, "extractor", "--config", config, *flags)


@pytest.fixture(scope="module")
def run(config):
    done = train(config)
    assert done.returncode == 0, done.stderr
    assert "| run above base (paired) |" in done.stdout and "LEAD-3" in done.stdout and "oracle" in done.stdout
    found = json.loads((config.parent / "run" / "run.json").read_text())["validation"]
    assert set(found) >= {"rouge1", "rouge2", "source_f1", "points_found"}
    return config.parent / "run"


def test_a_killed_run_goes_on_to_the_same_weights(run, config):
    from safetensors.numpy import load_file

    again = config.parent / "again"
    shutil.copytree(run, again)
    for gone in (
        "encoder",
        "head.safetensors",
        "run.json",
        "steps/checkpoint-6",
        "steps/finished",
        "model",
    ):
        path = again / gone
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    done = train(config, "--output", str(again), "--measured", "0")
    assert done.returncode == 0, done.stderr
    for file in ("head.safetensors", "encoder/model.safetensors"):
        first, second = load_file(run / file), load_file(again / file)
        assert first.keys() == second.keys()
        for name, value in first.items():
            assert np.allclose(value, second[name], atol=1e-5), name


def test_a_run_does_not_go_on_under_other_settings(run, config):
    done = train(config, "--learning_rate", "0.5")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "learning_rate 0.0001" in done.stderr and "0.5" in done.stderr and "--output" in done.stderr


def test_auxiliary_articles_are_learnt_too_and_recorded(config, tmp_path):
    done = train(config, "--output", str(tmp_path), "--auxiliary", str(config.parent / "more.jsonl"), "--epochs", "1",
                 "--gradient_checkpointing", "true", "--measured", "0")  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "run.json").read_text())
    assert found["data"]["auxiliary"]["articles"] == 12 and found["steps"] == 6


def test_a_base_without_special_tokens_is_refused(config, tiny_llama, tmp_path):
    done = train(config, "--output", str(tmp_path), "--base_model", str(tiny_llama))
    assert done.returncode == 2 and "needs a BERT-like base_model" in done.stderr


@pytest.mark.parametrize(("of_mean", "kept"), [(2.0, 2.5), (0.5, 4.0)])
def test_the_mean_with_the_base_is_kept_only_if_it_scores_better(of_mean, kept):
    from types import SimpleNamespace

    from training.extractor import _best

    model = torch.nn.Linear(1, 1)
    torch.nn.init.constant_(model.weight, 4.0)
    scores = iter([{"eval_rouge_mean": 1.0}, {"eval_rouge_mean": of_mean}])
    trainer = SimpleNamespace(model=model, evaluate=lambda: next(scores))
    found, averaged = _best(trainer, {"weight": torch.ones(1, 1), "bias": torch.zeros(1)})
    assert model.weight.item() == kept and averaged == (kept == 2.5)
    assert found == {"rouge_mean": max(1.0, of_mean)}


def export(run, folder):
    done = called(main, "export", run, "--output", folder, "--quantization", "float32")
    assert done.returncode == 0, done.stderr


def test_export_gives_a_model_that_runs_and_knows_its_origin(run, tmp_path, tiny_checkpoint):
    export(run, tmp_path / "mine")
    summarizer = Summarizer.from_pretrained(tmp_path / "mine")
    assert len(summarizer(STORY, bullets=3)) == 3
    card = (tmp_path / "mine" / "README.md").read_text()
    assert "12 articles" in card and "train.jsonl" in card and str(run.parent) not in card
    assert str(tiny_checkpoint.parent) not in card + (tmp_path / "mine" / "config.json").read_text()
    assert not list(tmp_path.rglob("*.pkl")) and not list(tmp_path.rglob("*.bin.index*"))


def test_exported_scores_are_the_trained_ones(run, tmp_path):
    from safetensors.torch import load_file

    from training.extractor import ExtractorArguments, _base
    from training.modeling.extractor_data import ExtractorCollator

    export(run, tmp_path / "m")
    sentences = content_sentences(STORY * 24)
    scored = Summarizer.from_pretrained(tmp_path / "m")._pipeline._extractor(sentences, "The baths stay open")
    model, tokenizer, _ = _base(ExtractorArguments(base_model=str(run / "encoder"), width=16, heads=2))
    head = model.eval().head
    collator = ExtractorCollator((tokenizer.cls_token_id, tokenizer.sep_token_id), tokenizer.pad_token_id)
    head.load_state_dict(load_file(run / "head.safetensors"))
    n = len(sentences)
    item = {
        "tokens": token_ids(tokenizer.backend_tokenizer, sentences, "The baths stay open"),
        "titled": True,
        "features": surface_features(sentences, "The baths stay open"),
        "labels": np.zeros((n, len(SCORES)), np.float32),
        "groups": np.zeros((n, n), np.float32),
    }
    assert len(windows([len(t) for t in item["tokens"]])) > 2
    with torch.no_grad():
        found = model(**collator([item]))
        pairs = head.pairs(found["vectors"], found["queries"], found["keys"])[0].numpy()
    assert np.stack([scored.main, scored.source, scored.top], 1) == pytest.approx(found["logits"][0].numpy(), abs=0.02)
    assert scored.together(3) == pytest.approx(pairs[3], abs=0.02)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["fly"], "no task 'fly'"),
        (["extractor", "--config", "nowhere.yaml"], "nowhere.yaml"),
        (["extractor", "--config"], "needs a file"),
    ],
)
def test_wrong_use(args, message):
    done = called(main, *args)
    assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr


def test_an_unknown_key_is_named_with_its_neighbour(tmp_path):
    (tmp_path / "c.yaml").write_text("learning_rte: 1\n")
    done = train(tmp_path / "c.yaml")
    assert done.returncode == 2 and "did you mean 'learning_rate'" in done.stderr
