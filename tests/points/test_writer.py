"""The writer in numpy, on a tiny model that was trained and exported as the real one is."""

import numpy as np
import pytest

from summarizer.deadline import Deadline
from summarizer.errors import TimeLimitError
from summarizer.points import Writer, story
from summarizer.reading import Sentence

torch = pytest.importorskip("torch")
TEXTS = ("ann roe leads the council.", "she voted to keep the baths open.", "they stay open.")
SENTENCES = [Sentence(text, 0, len(text)) for text in TEXTS]
WANTED = {
    "standard": ("Ann roe leads the council.", "Ann roe voted to keep the baths open.", "The baths stay open."),
    "brief": ("Ann roe leads.", "Ann roe voted to keep the baths.", "The baths stay."),
}


@pytest.fixture(scope="module")
def made(tiny_checkpoint):
    """A model that knows nothing yet, the batch of the texts above, and a function that exports a model."""
    import json

    from safetensors.torch import save_file
    from transformers import AutoModel, AutoTokenizer

    from training.data import StandaloneArticle, StandalonePoint
    from training.export import _writer
    from training.modeling import PointerCollator, PointerWriter, new_tokens, pointer_item

    encoder, tokenizer = AutoModel.from_pretrained(tiny_checkpoint), AutoTokenizer.from_pretrained(tiny_checkpoint)
    points = [
        StandalonePoint(i, {length: texts[i] for length, texts in WANTED.items()}, "good", "key") for i in range(3)
    ]
    items = [pointer_item(StandaloneArticle(None, SENTENCES, points), tokenizer.backend_tokenizer)]
    pieces = new_tokens(items, 5) | {40: "X", 41: "##y"}
    torch.manual_seed(1)
    model = PointerWriter(encoder, list(pieces), width=128, layers=2).eval()
    with torch.no_grad():
        for layer in model.layers:
            layer.own_key.normal_()
            layer.own_value.normal_()
    batch = PointerCollator(tokenizer.cls_token_id, tokenizer.sep_token_id, list(pieces))(items)

    def export(run):
        model.encoder.save_pretrained(run / "encoder")
        tokenizer.save_pretrained(run / "encoder")
        head = {name: value.contiguous() for name, value in model.state_dict().items() if "encoder." not in name}
        save_file(head, run / "head.safetensors")
        _writer(run, run / "part", {"heads": model.heads, "pieces": list(pieces.values())}, "float32")
        assert json.loads((run / "part" / "config.json").read_text())["writer"]["heads"] == 2
        return run / "part"

    return model, batch, export


@pytest.fixture(scope="module")
def untaught(made, tmp_path_factory):
    model, batch, export = made
    folder = export(tmp_path_factory.mktemp("untaught"))
    with torch.no_grad():
        hidden = model.encoder(**{name: batch[name] for name in ("input_ids", "attention_mask", "token_type_ids")})[0]
        given = [batch[name] for name in ("owner", "own", "length", "place", "token", "far")]
        log_p = model.log_p(hidden, batch["attention_mask"], *given).numpy()
    return folder, batch, log_p


@pytest.fixture(scope="module")
def taught(untaught, made, tmp_path_factory):
    """The folder of the model after it was taught the texts above."""
    model, batch, export = made
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    for _ in range(150):
        loss = model(**batch)["loss"]
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert loss < 0.1
    return export(tmp_path_factory.mktemp("taught"))


@pytest.mark.parametrize("length", ["standard", "brief"])
def test_each_point_gets_its_text_from_the_story(taught, length):
    found = Writer(taught, 1)(SENTENCES, [0, 1, 2], length, None, Deadline())
    assert tuple(texts[0].text for texts in found) == WANTED[length]
    assert all(-0.3 < texts[0].score <= 0 and len(texts) <= 4 for texts in found)


def test_numpy_computes_what_torch_computes(untaught):
    """The log-probabilities of all places and words, of each step of each text, before anything was learnt."""
    folder, batch, wanted = untaught
    writer = Writer(folder, 1)
    read = story(writer.tokenizer, SENTENCES, [0, 1, 2])
    size, width = len(read.ids) + 2, batch["input_ids"].shape[1]
    known = writer._read(read, batch["token_type_ids"][0, :size].bool().numpy())
    own = batch["own"][:, :size].numpy()
    place, token, far, lengths = (batch[name].numpy() for name in ("place", "token", "far", "length"))
    for length in (0, 1):
        rows = np.flatnonzero(lengths == length)
        past = []
        for step in range(place.shape[1]):
            x, past = writer._step(known, own[rows], length, step, place[rows, step], token[rows, step], past)
            found = writer._scores(x, known, own[rows], place[rows, step], far[rows, step])
            there = wanted[rows, step]
            there = np.concatenate([there[:, :size], there[:, width:]], -1)
            np.testing.assert_allclose(found, there, atol=0.02)  # the head is exported in 16 bits


def test_a_point_whose_sentence_was_cut_has_no_text(taught):
    long = [Sentence("no " * 190, 0, 570), Sentence("so " * 190, 0, 570), Sentence("no " * 300, 0, 900)]
    found = Writer(taught, 1)([*long, *SENTENCES], [0, 1, 2, 5], "brief", None, Deadline(), beam=1)
    assert found[1:] == [[], [], []]  # the first fills the story


@pytest.mark.parametrize("text", ["No.", "...", "?!", "https://example.org", "x", "\u2603"])
@pytest.mark.parametrize("beam", [1, 4, 12])
def test_the_shortest_stories_are_no_trouble(untaught, text, beam):
    (found,) = Writer(untaught[0], 1)([Sentence(text, 0, len(text))], [0], "brief", None, Deadline(), beam=beam)
    assert len(found) <= beam


def test_without_points_nothing_is_read(taught):
    assert Writer(taught, 1)(SENTENCES, [], "brief", "Baths", Deadline()) == []
    assert Writer(taught, 1)([], [], "brief", "Baths", Deadline()) == []


class Late(Deadline):
    """A time limit that is over after some steps."""

    def __init__(self, checks):
        super().__init__()
        self.left_over = checks

    def check(self):
        self.left_over -= 1
        if self.left_over < 0:
            raise TimeLimitError("late")


@pytest.mark.parametrize("checks", [0, 3])
def test_the_time_limit_holds_before_and_while_texts_are_written(taught, checks):
    with pytest.raises(TimeLimitError):
        Writer(taught, 1)(SENTENCES, [0], "standard", None, Late(checks))
