"""The writer in ONNX Runtime, on a tiny language model that is trained and exported as the real one is."""

from contextlib import nullcontext

import numpy as np
import pytest

from summarizer.deadline import Deadline
from summarizer.errors import TimeLimitError
from summarizer.points import Writer, story, writer
from summarizer.points.language_model import Part, Sheet
from summarizer.reading import Sentence, content_sentences

from ..articles import STORY

torch = pytest.importorskip("torch")
READ = "[1] Ann ran. [2] He swims. [3] No"
SENTENCES = ["Ann ran.", "He swims.", "No"]
TEXTS = [("Ann ran.", "Ann!"), ("Bob swims.", "Bob swims."), ("Not so", "No")]
VERDICTS = ["good", "leaning", "poor"]
LIMIT = Deadline()


class Taught:
    """A tiny model that was taught the texts of three points, and its exported part."""

    def __init__(self, checkpoint, folder):
        from peft import LoraConfig, get_peft_model
        from transformers import AutoModelForCausalLM, AutoTokenizer

        from training.data import JudgedText, StandaloneArticle, StandalonePoint
        from training.modeling import LINEAR, PackedRows, round_weights
        from training.onnx_export import write_onnx
        from training.writer import writer_item

        base = AutoModelForCausalLM.from_pretrained(checkpoint)
        self.tokenizer = AutoTokenizer.from_pretrained(checkpoint)
        points = [
            StandalonePoint(
                i, dict(zip(("standard", "brief"), texts, strict=True)), verdict, "key",
                (JudgedText(sentence, verdict), JudgedText(texts[0], "good"), JudgedText(texts[1], "good", texts[0])),
            )
            for i, (sentence, texts, verdict) in enumerate(zip(SENTENCES, TEXTS, VERDICTS, strict=True))
        ]  # fmt: skip
        sentences = [Sentence(text, 0, 0) for text in SENTENCES]
        self.item = writer_item(StandaloneArticle(None, sentences, points), self.tokenizer, 9000)
        self.batch = PackedRows()([self.item])
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


def texts_of(found):
    return [tuple(one.text for one in point.texts) for point in found]


@pytest.fixture(scope="module")
def model(taught):
    return Writer(taught.folder, 1)


def test_texts_are_written_side_by_side_as_alone(model):
    read = model.read(READ, LIMIT)
    together = model.write(read, (1, 2, 3), SENTENCES, LIMIT)
    assert texts_of(together) == TEXTS
    for n, (one, sentence) in enumerate(zip(together, SENTENCES, strict=True), 1):
        (alone,) = model.write(read, [n], [sentence], LIMIT)
        assert texts_of([alone]) == texts_of([one])
        assert alone.key > 0.9 and alone.sentence.good == pytest.approx(one.sentence.good, abs=0.05)
        for first, second in zip(one.texts, alone.texts, strict=True):
            assert second.score == pytest.approx(first.score, abs=0.02) and -0.5 < first.score <= 0
            assert second.verdict.good == pytest.approx(first.verdict.good, abs=0.05)


def test_a_verdict_is_what_was_learnt(model):
    read = model.read(READ, LIMIT)
    found = model.write(read, (1, 2, 3), SENTENCES, LIMIT)
    assert [getattr(one.sentence, name) > 0.8 for one, name in zip(found, VERDICTS, strict=True)] == [True] * 3
    assert all(text.verdict.good > 0.8 for one in found for text in one.texts)
    as_is, better = model.judge(read, (2, 2), (SENTENCES[1],) * 2, ("He swims.", "Bob swims."), LIMIT)
    assert as_is.leaning > 0.8 and better.good > 0.8
    assert sum(getattr(as_is, name) for name in ("good", "untrue", "broken", "leaning", "poor")) == pytest.approx(1)
    assert model.judge(read, (), (), (), LIMIT) == []


@pytest.mark.parametrize("guesses", [0, 1, 7])
def test_guesses_change_nothing_but_the_number_of_steps(model, monkeypatch, guesses):
    monkeypatch.setattr(writer, "GUESSES", guesses)
    found = model.write(model.read(READ, LIMIT), (1, 2, 3), SENTENCES, LIMIT)
    assert texts_of(found) == TEXTS and all(text.verdict.good > 0.8 for one in found for text in one.texts)


def test_right_guesses_save_steps(model, monkeypatch):
    def steps(guesses):
        monkeypatch.setattr(writer, "GUESSES", guesses)
        read, run, count = model.read(READ, LIMIT), model._model.run, []
        monkeypatch.setattr(model._model, "run", lambda *args, **more: (count.append(1), run(*args, **more))[1])
        model.write(read, [1], SENTENCES[:1], LIMIT)
        monkeypatch.setattr(model._model, "run", run)
        return len(count)

    assert steps(4) < steps(0)


def test_the_exported_model_computes_what_the_trained_one_does(taught, model):
    ids, _ = taught.item["texts"][4]
    read = model.read(READ, LIMIT)
    (logits,) = Sheet(model._model, read).read([Part(1, ids, 0, asked=len(ids))])
    with torch.no_grad():
        with taught.model.disable_adapter():
            cache = taught.model(input_ids=torch.tensor([taught.item["story"]]), use_cache=True).past_key_values
        trained = taught.model(input_ids=torch.tensor([ids]), past_key_values=cache).logits[0].numpy()
    assert np.abs(logits - trained).max() < 0.1 * trained.std()


def test_without_the_brief_texts_the_standard_ones_are_the_same(model):
    found = model.write(model.read(READ, LIMIT), [2], ["He swims."], LIMIT, brief=False)
    assert texts_of(found) == [("Bob swims.",)] and found[0].texts[0].verdict.good > 0.8


def test_a_text_that_has_no_end_is_dropped(model, monkeypatch):
    monkeypatch.setattr(writer, "MAX_TEXT_TOKENS", 4)
    (found,) = model.write(model.read(READ, LIMIT), [1], ["Ann ran."], LIMIT)
    assert found.texts == () and found.sentence.good > 0.8


def test_many_points_are_written_a_few_at_a_time(model, monkeypatch):
    read = model.read(READ, LIMIT)
    monkeypatch.setattr(writer, "TOGETHER", 2)
    assert texts_of(model.write(read, (1, 2, 3), SENTENCES, LIMIT)) == TEXTS


def test_a_text_that_is_too_long_for_a_point_is_not_good(model):
    read = model.read(READ, LIMIT)
    (verdict,) = model.judge(read, [1], ["Ann ran."], ["Ann ran. " * 400], LIMIT)
    assert verdict.good == 0


def test_the_time_limit_holds_while_texts_are_written(model):
    read = model.read(READ, LIMIT)
    with pytest.raises(TimeLimitError):
        model.write(read, [1], ["Ann ran."], Deadline(0.0))


def test_without_points_nothing_is_written(model):
    assert model.write(model.read(READ, LIMIT), [], [], LIMIT) == []


@pytest.mark.parametrize("text", ['"' * 1_000_000, "No. " * 250_000, "a" * 1_000_000], ids=["marks", "words", "letter"])
def test_a_megabyte_is_cut_before_it_is_read(model, text, monkeypatch):
    monkeypatch.setattr(writer, "MAX_STORY_TOKENS", 64)
    assert len(model._model.ids(story(content_sentences(STORY), [(0,)], title=text[:200]))) < 4000
    read = model.read(text, LIMIT)
    assert len(read.ids) == 64 and len(model.write(read, [1], [text], LIMIT)) == 1
