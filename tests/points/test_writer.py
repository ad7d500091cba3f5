"""The writer in ONNX Runtime, on a tiny language model that is exported as the real one is."""

import numpy as np
import pytest

from summarizer.deadline import Deadline
from summarizer.errors import TimeLimitError
from summarizer.points import Writer, request, story
from summarizer.points.writer import MAX_STORY_TOKENS
from summarizer.reading import content_sentences

from ..articles import STORY

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def taught(tiny_qwen, tmp_path_factory):
    """A tiny model that was taught three short texts, one for each point: its folder, the story and the texts."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from training.modeling import PackedRows, row
    from training.onnx_export import write_onnx

    model, tokenizer = AutoModelForCausalLM.from_pretrained(tiny_qwen), AutoTokenizer.from_pretrained(tiny_qwen)
    read = "[1] a [2] b [3] c"
    texts = [(request(1, "brief"), "Ann!"), (request(2, "brief"), "Bob swims."), (request(3, "brief"), "No")]
    asked = [
        (tokenizer(one)["input_ids"], [*tokenizer(f" {text}")["input_ids"], tokenizer.eos_token_id])
        for one, text in texts
    ]
    batch = PackedRows()([row(tokenizer(read)["input_ids"], asked, 1000)])
    labels = batch.pop("labels")
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    for _ in range(150):
        loss = torch.nn.functional.cross_entropy(model(**batch).logits[0], labels[0])
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert loss < 0.05
    folder = tmp_path_factory.mktemp("writer")
    model.save_pretrained(folder / "checkpoint")
    tokenizer.save_pretrained(folder / "checkpoint")
    write_onnx(folder / "checkpoint", folder / "part")
    return folder / "part", read, [one for one, _ in texts], [text for _, text in texts]


def test_texts_are_written_side_by_side_as_alone(taught):
    folder, read, requests, texts = taught
    writer, limit = Writer(folder, 1), Deadline()
    known = writer.read(read, limit)
    together = writer.write(known, requests, limit)
    assert [one.text for one in together] == texts
    assert all(-0.5 < one.score <= 0 for one in together)
    for one, ask in zip(together, requests, strict=True):
        (alone,) = writer.write(known, [ask], limit)
        assert alone.text == one.text and alone.score == pytest.approx(one.score, abs=1e-3)


def test_an_answer_has_a_probability_for_each_word(taught):
    folder, read, requests, _ = taught
    writer, limit = Writer(folder, 1), Deadline()
    found = writer.answers(writer.read(read, limit), requests, ["good", "poor"], limit)
    assert found.shape == (3, 2) and np.allclose(found.sum(1), 1)


def test_a_text_that_has_no_end_is_dropped(taught):
    """Without its end token the model goes on until it is stopped."""
    folder, read, requests, _ = taught
    writer, limit = Writer(folder, 1), Deadline()
    writer._end = -1
    known = writer.read(read, limit)
    assert [one.text for one in writer.write(known, requests[:1], limit)] == [""]


def test_only_tokens_of_the_story_and_frequent_ones_are_written(taught):
    folder, _, requests, _ = taught
    writer, limit = Writer(folder, 1), Deadline()
    writer._frequent = 3  # the special tokens
    known = writer.read("[1] Bobs wim. [2] [3]", limit)
    (text,) = writer.write(known, requests[:1], limit)
    assert set(text.text) <= set("[123] Bobs wim.")


def test_the_time_limit_holds_while_texts_are_written(taught):
    folder, read, requests, _ = taught
    writer = Writer(folder, 1)
    known = writer.read(read, Deadline())
    with pytest.raises(TimeLimitError):
        writer.write(known, requests, Deadline(0.0))


@pytest.mark.parametrize("text", ['"' * 1_000_000, "No. " * 250_000, "a" * 1_000_000], ids=["marks", "words", "letter"])
def test_a_megabyte_is_cut_before_it_is_read(taught, text):
    folder, *_ = taught
    writer = Writer(folder, 1)
    read = story(content_sentences(STORY), [(0,)], title=text[:200])
    assert len(writer._ids(read)) < MAX_STORY_TOKENS
    assert writer.read(text[: 4 * MAX_STORY_TOKENS], Deadline()).tokens == MAX_STORY_TOKENS
