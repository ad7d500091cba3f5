"""The writer's data, its packed rows, its rounded weights, and a run on a tiny language model."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summarizer.deadline import Deadline
from summarizer.points import JUDGE, KIND, WRITE, Writer, request, story
from summarizer.reading import content_sentences
from training.__main__ import main
from training.data import standalone

from ..articles import archive, written
from ..commands import called

torch = pytest.importorskip("torch")
import safetensors.numpy  # noqa: E402

from training.modeling import BLOCK, quantized, writer_of  # noqa: E402


def rows(count, both=False):
    """Invented articles, each with two points that were made to stand alone; the second one has a `standard` text only
    if `both` is true."""
    found = []
    for one in archive(count):
        first, second = one["article"].split("\n")[:2]
        at = len(first) + 1
        points = [
            {
                "sources": [[0, len(first)]],
                "standard": first,
                "brief": one["bullets"][0],
                "verdict": "good",
                "kind": "key",
            },
            {
                "sources": [[at, at + len(second)]],
                "brief": one["bullets"][1],
                "verdict": "leaning",
                "kind": "background",
            },
        ]
        if both:
            points[1]["standard"] = second
        found.append({"id": one["id"], "title": "Council votes", "article": one["article"], "points": points})
    return found


def test_points_have_the_sentence_that_their_spans_name(tmp_path):
    (article,) = standalone(str(written(tmp_path / "points.jsonl", rows(1))))
    assert [point.sentence for point in article.points] == [0, 1]
    assert set(article.points[0].texts) == {"standard", "brief"} and set(article.points[1].texts) == {"brief"}
    assert article.points[1].verdict == "leaning" and article.title == "Council votes"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda row: row.pop("article"), r'points.jsonl.*"article" is missing; `python -m training unpack`'),
        (lambda row: row["points"][0].update(verdict="fine"), "the verdict 'fine' is none of good, untrue"),
        (lambda row: row["points"].clear(), r'"points" is missing'),
    ],
)
def test_an_unusable_row_is_named_with_what_is_wrong(tmp_path, change, message):
    (row,) = rows(1)
    change(row)
    with pytest.raises(ValueError, match=message):
        standalone(str(written(tmp_path / "points.jsonl", [row])))


def test_texts_are_learnt_together_as_each_alone(tiny_qwen, tmp_path):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from training.modeling import IGNORED, PackedRows
    from training.writer import writer_item

    model, tokenizer = AutoModelForCausalLM.from_pretrained(tiny_qwen), AutoTokenizer.from_pretrained(tiny_qwen)
    (article,) = standalone(str(written(tmp_path / "points.jsonl", rows(1, both=True))))
    item = writer_item(article, tokenizer, 3000)
    assert len(item["texts"]) == 2 and all(len(given) == len(learnt) for given, learnt in item["texts"])

    def losses(texts):
        batch = PackedRows()([item | {"texts": texts}])
        labels = batch.pop("labels")
        with torch.no_grad():
            read = model(input_ids=batch.pop("story"), use_cache=True).past_key_values
            logits = model(**batch, past_key_values=read).logits[0]
        return torch.nn.functional.cross_entropy(logits, labels, reduction="none")

    alone = torch.cat([losses([text]) for text in item["texts"]])
    assert torch.allclose(losses(item["texts"]), alone, atol=1e-4)
    given, learnt = item["texts"][0]
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([[*item["story"], *given]])).logits[0, len(item["story"]) :]
    plain = torch.nn.functional.cross_entropy(logits, torch.tensor(learnt), ignore_index=IGNORED, reduction="none")
    kept = [i for i, token in enumerate(learnt) if token != IGNORED]
    assert torch.allclose(alone[: len(kept)], plain[kept], atol=1e-4)


def test_a_point_is_learnt_as_it_is_asked(tiny_qwen, tmp_path):
    """The verdict and the kind of the sentence, the standard text up to its line break, the brief one up to its end."""
    from transformers import AutoTokenizer

    from training.modeling import IGNORED
    from training.writer import writer_item

    tokenizer = AutoTokenizer.from_pretrained(tiny_qwen)
    (article,) = standalone(str(written(tmp_path / "points.jsonl", rows(1, both=True))))
    (given, learnt), _ = writer_item(article, tokenizer, 3000)["texts"]
    texts = article.points[0].texts
    asked = request(1, article.sentences[0].text) + f"{JUDGE}{KIND}{WRITE}"
    assert tokenizer.decode(given) == f"{asked} {texts['standard']}\n{JUDGE}{WRITE}{texts['brief']}<|im_end|>"
    learnt = [token for token in learnt if token != IGNORED]
    assert tokenizer.decode(learnt) == f" good key {texts['standard']}\n{texts['brief']}<|im_end|>"


@given(st.integers(1, 9), st.integers(1, 5), st.sampled_from([4, 8]), st.data())
def test_rounded_weights_differ_by_half_a_step_at_most(rows, blocks, bits, data):
    size = st.floats(-100, 100, width=32)
    count = rows * blocks * BLOCK
    weight = torch.tensor(data.draw(st.lists(size, min_size=count, max_size=count))).reshape(rows, -1)
    found = quantized(weight, bits)
    step = found.scales.float().repeat_interleave(BLOCK, 1)
    rounding = 0.5 + 2**bits / 2**11  # of the code, and of the scale to float16
    assert ((found.values() - weight).abs() <= rounding * step + 1e-5).all()
    assert int(found.codes.max()) < 2**bits and found.codes.shape == weight.shape


def test_a_run_learns_goes_on_and_is_exported(tiny_qwen, tmp_path):
    data = written(tmp_path / "points.jsonl", rows(12, both=True))
    flags = ["--train", data, "--output", tmp_path / "run", "--held_out", 4, "--batch_size", 2, "--eval_steps", 2]
    flags += ["--base_model", tiny_qwen, "--vocabulary", 0, "--lora_rank", 4, "--frozen_layers", 1, "--longest", 3000]
    run = called(main, "writer", *flags)
    assert run.returncode == 0, run.stderr
    about = json.loads((tmp_path / "run" / "run.json").read_text())
    assert about["steps"] == 4 and about["points"] == 16
    again = called(main, "writer", *flags)  # finished: nothing is trained again
    assert again.returncode == 0 and json.loads((tmp_path / "run" / "run.json").read_text())["steps"] == 4

    assert called(main, "export", tmp_path / "run", "--output", tmp_path / "model").returncode == 0
    read, wanted = (
        safetensors.numpy.load_file(tmp_path / "run" / "adapter" / "adapter_model.safetensors"),
        writer_of(tmp_path / "model" / "writer")[0].state_dict(),
    )
    for name, value in read.items():
        scale = 2 if "lora_B" in name else 1  # the scaling of LoRA is a part of the exported matrix
        other = wanted[name.replace(".weight", ".default.weight")].numpy()
        assert other == pytest.approx(scale * value, abs=1e-3)

    # Another run starts from its LoRA matrices, if they fit.
    matrices = tmp_path / "run" / "adapter" / "adapter_model.safetensors"
    started = [*flags, "--adapter", matrices]
    started[started.index("--output") + 1] = tmp_path / "started"
    assert called(main, "writer", *started).returncode == 0
    losses = [
        json.loads((tmp_path / name / "run.json").read_text())["validation"]["loss"] for name in ("run", "started")
    ]
    assert losses[1] < losses[0] + 0.01
    started[started.index("--output") + 1] = tmp_path / "other"
    started[started.index("--frozen_layers") + 1] = 0
    other = called(main, "writer", *started)
    assert other.returncode == 2 and "of another rank or for other layers" in other.stderr

    # The exported model is trained further, on what it is.
    flags[flags.index("--output") + 1] = tmp_path / "more"
    flags[flags.index("--base_model") + 1] = tmp_path / "model"
    more = called(main, "writer", *flags)
    assert more.returncode == 0, more.stderr
    first, second = (
        json.loads((tmp_path / name / "run.json").read_text())["validation"]["loss"] for name in ("run", "more")
    )
    assert second < first + 0.01

    exported = called(main, "export", tmp_path / "more", "--output", tmp_path / "again")
    assert exported.returncode == 0, exported.stderr
    trained, onnx = (float(line.split("|")[2]) for line in exported.stdout.splitlines()[2:4])
    assert trained == pytest.approx(onnx, abs=0.05)
    part = tmp_path / "again" / "writer"
    assert {one.name for one in part.iterdir()} >= {"model.onnx", "weights-0.bin", "tokenizer.json", "config.json"}
    limit = Deadline()
    writer = Writer(part, 1)
    read = writer.read(story(content_sentences("The council met. He spoke."), [(1,)]), limit)
    assert len(writer.write(read, [1], ["He spoke."], limit)) == 1


def test_lists_that_editors_approved_are_learnt(tiny_qwen, tmp_path):
    """What the editor wrote is a standard text; a brief one alone teaches nothing, and is no error."""
    from transformers import AutoTokenizer

    from training.writer import writer_item

    text = "The council met. He spoke on Monday."
    source = [{"start": text.index("He"), "end": len(text)}]
    bullet = {"text": "Ann Roe spoke on Monday.", "draft": "He spoke.", "reason": "leaning", "sources": source}
    record = {"id": "1", "status": "approved", "text": text, "bullets": [bullet]}
    tokenizer = AutoTokenizer.from_pretrained(tiny_qwen)
    for length, count in (("standard", 2), ("brief", 1)):
        (article,) = standalone(str(written(tmp_path / f"{length}.jsonl", [record | {"options": {"length": length}}])))
        assert [one.verdict for point in article.points for one in point.judged] == ["leaning"]
        assert len(writer_item(article, tokenizer, 3000)["texts"]) == count


def test_layers_that_do_not_learn_compute_in_int8_in_both_directions():
    from training.modeling import use_int8

    torch.manual_seed(1)
    model = torch.nn.Sequential(torch.nn.Linear(96, 64), torch.nn.Linear(64, 32))
    for parameter in model[0].parameters():
        parameter.requires_grad_(False)
    x = torch.randn(5, 3, 96, requires_grad=True)
    wanted = model(x)
    (before,) = torch.autograd.grad(wanted.square().sum(), x)
    use_int8(model)
    assert not isinstance(model[0], torch.nn.Linear) and isinstance(model[1], torch.nn.Linear)
    found = model(x)
    (after,) = torch.autograd.grad(found.square().sum(), x)
    for one, other in ((wanted, found), (before, after)):
        assert 0 < (one - other).norm() / one.norm() < 0.03
