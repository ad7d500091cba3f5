"""The writer in numpy, on a tiny model that was trained and exported as the real one is."""

import numpy as np
import pytest

from summarizer.deadline import Deadline
from summarizer.errors import TimeLimitError
from summarizer.points import Writer
from summarizer.reading import Sentence

torch = pytest.importorskip("torch")
TEXTS = ("ann roe leads the council.", "she voted to keep the baths open.", "they stay open.")
SENTENCES = [Sentence(text, 0, len(text)) for text in TEXTS]
WANTED = {
    "standard": ("Ann roe leads the council.", "Ann roe voted to keep the baths open.", "The baths stay open."),
    "brief": ("Ann roe leads.", "Ann roe voted to keep the baths.", "The baths stay."),
}


@pytest.fixture(scope="module")
def taught(tiny_checkpoint, tmp_path_factory):
    """A run whose model was taught the texts above, and the part that was exported from it."""
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
    torch.manual_seed(1)
    model = PointerWriter(encoder, [*new_tokens(items, 5), 40, 41], width=64, layers=2).eval()
    batch = PointerCollator(tokenizer.cls_token_id, tokenizer.sep_token_id, model.vocabulary.tolist())(items)
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    for _ in range(200):
        loss = model(**batch)["loss"]
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert loss < 0.1
    run = tmp_path_factory.mktemp("writer")
    model.encoder.save_pretrained(run / "encoder")
    tokenizer.save_pretrained(run / "encoder")
    head = {name: value.contiguous() for name, value in model.state_dict().items() if not name.startswith("encoder.")}
    save_file(head, run / "head.safetensors")
    _writer(run, run / "part", {"heads": model.heads}, "float32")
    assert json.loads((run / "part" / "config.json").read_text())["writer"]["heads"] == 1
    return model, batch, run / "part"


@pytest.mark.parametrize("length", ["standard", "brief"])
def test_each_point_gets_its_text_from_the_story(taught, length):
    writer = Writer(taught[2], 1)
    found = writer(SENTENCES, [0, 1, 2], length, None, Deadline())
    assert tuple(texts[0].text for texts in found) == WANTED[length]
    assert all(-0.3 < texts[0].score <= 0 and len(texts) <= 4 for texts in found)


def test_a_point_has_the_same_text_alone(taught):
    """Among others it only has the same story if the same sentences are marked, so its score differs a little."""
    writer = Writer(taught[2], 1)
    ((alone, *_),) = writer(SENTENCES, [0], "standard", None, Deadline(), beam=1)
    assert alone.text == WANTED["standard"][0]


def test_numpy_computes_what_torch_computes(taught):
    """The log-probabilities of the learnt texts, step by step."""
    model, batch, folder = taught
    writer = Writer(folder, 1)
    with torch.no_grad():
        loss = float(model(**(batch | {"answers": torch.full_like(batch["answers"], -100)}))["loss"])
    from summarizer.points.story import story

    read = story(writer.tokenizer, SENTENCES, [0, 1, 2])
    size = len(read.ids) + 2
    known = writer._read(read, batch["token_type_ids"][0, :size].bool().numpy())
    own = batch["own"][:, :size].numpy()
    place, token, far = (batch[name].numpy() for name in ("place", "token", "far"))
    past, steps = [], []
    for length in (0, 1):
        rows = np.flatnonzero(batch["length"].numpy() == length)
        past = []
        for step in range(place.shape[1]):
            x, past = writer._step(known, own[rows], length, step, place[rows, step], token[rows, step], past)
            steps.append((rows, step, writer._scores(x, known, own[rows], place[rows, step], far[rows, step])))
    width = batch["input_ids"].shape[1]
    total: dict[tuple[int, int], float] = {}
    for text, step, wanted in batch["labels"].tolist():
        at = wanted if wanted < width else wanted - width + size
        rows, _, log_p = next(one for one in steps if one[1] == step and text in one[0])
        total[text, step] = total.get((text, step), 0.0) + float(np.exp(log_p[list(rows).index(text), at]))
    assert -np.mean(np.log(list(total.values()))) == pytest.approx(loss, abs=2e-3)  # the head is exported in 16 bits


def test_a_point_whose_sentence_was_cut_has_no_text(taught):
    writer = Writer(taught[2], 1)
    long = [Sentence("no " * 190, 0, 570), Sentence("so " * 190, 0, 570)]
    *_, third = writer([*long, *SENTENCES], [0, 1, 4], "brief", None, Deadline(), beam=1)
    assert third == []


def test_the_time_limit_holds_while_texts_are_written(taught):
    with pytest.raises(TimeLimitError):
        Writer(taught[2], 1)(SENTENCES, [0], "brief", None, Deadline(1e-9))
