"""The writer in ONNX Runtime, on a tiny language model that is trained and exported as the real one is."""

from contextlib import nullcontext

import numpy as np
import pytest

from summarizer.deadline import Deadline
from summarizer.errors import TimeLimitError
from summarizer.points import Writer, answer, request, story, writer
from summarizer.reading import content_sentences

from ..articles import STORY

torch = pytest.importorskip("torch")
READ = "[1] Ann ran. [2] He swims. [3] No"
SENTENCES = ["Ann ran.", "He swims.", "No"]
TEXTS = [("Ann ran.", "Ann!"), ("Bob swims.", "Bob swims."), ("Not so", "No")]


class Taught:
    """A tiny model that was taught the texts of three points, and its exported part."""

    def __init__(self, checkpoint, folder):
        from peft import LoraConfig, get_peft_model
        from transformers import AutoModelForCausalLM, AutoTokenizer

        from training.modeling import LINEAR, PackedRows, round_weights
        from training.onnx_export import write_onnx

        base = AutoModelForCausalLM.from_pretrained(checkpoint)
        self.tokenizer = AutoTokenizer.from_pretrained(checkpoint)
        texts = [(self.ids(request(n)), [*self.ids(answer(*one)), 1]) for n, one in enumerate(TEXTS, 1)]
        self.batch = PackedRows()([{"story": self.ids(READ), "texts": texts}])
        self.model = base
        self.learn(150, 5e-3)
        round_weights(base)
        lora = LoraConfig(r=16, lora_alpha=32, target_modules=list(LINEAR), task_type="CAUSAL_LM")
        self.model = get_peft_model(base, lora)
        assert self.learn(60, 5e-3) < 0.05
        self.folder = folder
        write_onnx(self.model, self.tokenizer, folder)

    def ids(self, text):
        return self.tokenizer(text)["input_ids"]

    def learn(self, steps, rate):
        optimizer = torch.optim.Adam([one for one in self.model.parameters() if one.requires_grad], rate)
        for _ in range(steps):
            loss = self.losses().mean()
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        return loss

    def losses(self):
        batch = dict(self.batch)
        labels = batch.pop("labels")
        adapted = hasattr(self.model, "disable_adapter")
        with torch.no_grad(), self.model.disable_adapter() if adapted else nullcontext():
            read = self.model(input_ids=batch.pop("story"), use_cache=True).past_key_values
        logits = self.model(**batch, past_key_values=read).logits[0]
        return torch.nn.functional.cross_entropy(logits, labels, reduction="none")


@pytest.fixture(scope="module")
def taught(tiny_qwen, tmp_path_factory):
    return Taught(tiny_qwen, tmp_path_factory.mktemp("writer"))


def test_texts_are_written_side_by_side_as_alone(taught):
    model, limit = Writer(taught.folder, 1), Deadline()
    read = model.read(READ, limit)
    together = model.write(read, [request(n) for n in (1, 2, 3)], SENTENCES, limit)
    assert [(one.standard, one.brief) for one in together] == TEXTS
    for n, (one, sentence) in enumerate(zip(together, SENTENCES, strict=True), 1):
        (alone,) = model.write(read, [request(n)], [sentence], limit)
        assert (alone.standard, alone.brief) == (one.standard, one.brief)
        assert alone.scores == pytest.approx(one.scores, abs=0.02) and all(-0.5 < score <= 0 for score in one.scores)


@pytest.mark.parametrize("guesses", [0, 1, 7])
@pytest.mark.parametrize("sentences", [SENTENCES, ["", "x" * 50, "He swims. He swims."]])
def test_guesses_change_nothing_but_the_number_of_steps(taught, monkeypatch, guesses, sentences):
    monkeypatch.setattr(writer, "GUESSES", guesses)
    model, limit = Writer(taught.folder, 1), Deadline()
    found = model.write(model.read(READ, limit), [request(n) for n in (1, 2, 3)], sentences, limit)
    assert [(one.standard, one.brief) for one in found] == TEXTS


def test_right_guesses_save_steps(taught, monkeypatch):
    def steps(guesses):
        monkeypatch.setattr(writer, "GUESSES", guesses)
        model, limit = Writer(taught.folder, 1), Deadline()
        read, run, count = model.read(READ, limit), model._run, []
        monkeypatch.setattr(model, "_run", lambda *args, **more: (count.append(1), run(*args, **more))[1])
        model.write(read, [request(1)], SENTENCES[:1], limit)
        return len(count)

    assert steps(4) < steps(0)


def test_the_exported_model_computes_what_the_trained_one_does(taught):
    with torch.no_grad():
        trained = -taught.losses().numpy()
    model, limit = Writer(taught.folder, 1), Deadline()
    read, end = model.read(READ, limit), 1
    found = model.likelihood(read, [request(n) for n in (1, 2, 3)], [answer(*one) for one in TEXTS], limit)
    sizes = [len(taught.ids(answer(*one))) + end for one in TEXTS]
    for (low, high), one in zip(np.array([[0, *np.cumsum(sizes)[:-1]], np.cumsum(sizes)]).T, found, strict=True):
        assert one == pytest.approx(trained[low : high - end].mean(), abs=0.03)


def test_without_the_brief_texts_the_standard_ones_are_the_same(taught):
    model, limit = Writer(taught.folder, 1), Deadline()
    found = model.write(model.read(READ, limit), [request(2)], ["He swims."], limit, brief=False)
    assert [(one.standard, one.brief) for one in found] == [("Bob swims.", "")]


def test_a_text_that_has_no_end_is_dropped(taught):
    """Without its end token the model goes on until it is stopped."""
    model, limit = Writer(taught.folder, 1), Deadline()
    model._end = -1
    (found,) = model.write(model.read(READ, limit), [request(1)], ["Ann ran."], limit)
    assert found.standard == "Ann ran." and not found.brief


def test_only_tokens_of_the_story_and_frequent_ones_are_written(taught, monkeypatch):
    monkeypatch.setattr(writer, "FREQUENT", 2)  # the special tokens
    model, limit = Writer(taught.folder, 1), Deadline()
    (found,) = model.write(model.read("[1] Bobs wim. [2] [3]\n", limit), [request(1)], [""], limit)
    assert set(found.standard + found.brief) <= set("[123] Bobs wim.")


def test_the_time_limit_holds_while_texts_are_written(taught):
    model = Writer(taught.folder, 1)
    read = model.read(READ, Deadline())
    with pytest.raises(TimeLimitError):
        model.write(read, [request(1)], ["Ann ran."], Deadline(0.0))


def test_without_points_nothing_is_written(taught):
    model, limit = Writer(taught.folder, 1), Deadline()
    assert model.write(model.read(READ, limit), [], [], limit) == []


@pytest.mark.parametrize("text", ['"' * 1_000_000, "No. " * 250_000, "a" * 1_000_000], ids=["marks", "words", "letter"])
def test_a_megabyte_is_cut_before_it_is_read(taught, text, monkeypatch):
    monkeypatch.setattr(writer, "MAX_STORY_TOKENS", 64)
    model = Writer(taught.folder, 1)
    assert len(model._ids(story(content_sentences(STORY), [(0,)], title=text[:200]))) < 4000
    assert len(model.read(text, Deadline()).ids) == 64
