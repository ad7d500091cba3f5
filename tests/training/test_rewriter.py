"""The rewriter's pairs, its smaller base, and its training, on a tiny T5 built in memory."""

import json

import ctranslate2
import pytest
from tokenizers import Tokenizer

from eval.data import Example, Point
from summarizer import Summarizer
from summarizer.reading.boilerplate import content_sentences
from training.__main__ import main
from training.data.judged import divided, judged
from training.data.pairs import Pair, pairs

from ..articles import STORY, archive, written
from ..commands import called

torch = pytest.importorskip("torch")


def pairs_of(*bullets):
    points = tuple(Point({"brief": text}, rank) for rank, text in enumerate(bullets, 1))
    return pairs([Example("1", STORY, (bullets,), points)])


def test_a_bullet_is_paired_with_the_sentence_that_it_shortens():
    (pair,) = pairs_of("The council voted to keep the Marl Lane baths open.")
    assert pair.sources == "The council voted on Monday to keep the Marl Lane baths open."
    assert pair.targets == ("The council voted to keep the Marl Lane baths open",) and pair.context == ""


def test_two_sentences_may_become_one_text():
    (pair,) = pairs_of("Repairs will cost 2.9 million pounds, the roof comes first")
    assert pair.sources.startswith("Repairs will cost") and pair.sources.endswith("The roof comes first.")
    assert pair.context.startswith("The council voted on Monday")


def test_a_point_of_a_header_list_is_one_pair_in_both_lengths():
    (first,) = (s for s in content_sentences(STORY) if "Derek Malloy" in s.text)
    texts = {
        "standard": "Derek Malloy, the finance chief, called the sum a gamble.",
        "brief": "Derek Malloy voted against and called the sum a gamble.",
    }
    span = (first.start, first.end)
    point = Point(texts, 1, (span,), span)
    (pair,) = pairs([Example("1", STORY, (tuple(texts.values()),), (point,), "Baths stay open")])
    assert pair.targets == tuple(text.rstrip(".") for text in texts.values()) and pair.title == "Baths stay open"


def test_both_lengths_are_learnt_from_one_reading(tiny_t5):
    """The loss of a pair with two texts is that of two pairs with one each."""
    from transformers import AutoTokenizer

    from training.modeling.generation_loss import Loss
    from training.modeling.writers import Texts
    from training.rewriter import RewriterArguments, _loaded, _rows

    model, tokenizer = _loaded(str(tiny_t5)).eval(), AutoTokenizer.from_pretrained(tiny_t5)
    collate, loss = Texts(tokenizer.pad_token_id), Loss(smoothing=0.0)

    def losses(*of):
        batch = collate(_rows(of, tokenizer, RewriterArguments()))
        labels = batch.pop("labels")
        with torch.no_grad():
            return float(loss(model(**batch), labels, 1)), int((labels >= 0).sum())

    texts = ("council baths", "the council open the baths")
    both, tokens = losses(Pair("the baths", "Lane", None, texts))
    one, other = (losses(Pair("the baths", "Lane", None, (text,))) for text in texts)
    assert both == pytest.approx(one[0] + other[0], rel=1e-5) and tokens == one[1] + other[1]


def test_a_rewrite_that_a_reader_refused_becomes_less_likely_than_the_good_one(tiny_t5):
    """It is no text to learn, and is compared only with good ones of its own length."""
    from transformers import AutoTokenizer

    from training.modeling.generation_loss import Loss, preference
    from training.modeling.writers import Texts
    from training.rewriter import RewriterArguments, _loaded, _rows

    model, tokenizer = _loaded(str(tiny_t5)).eval(), AutoTokenizer.from_pretrained(tiny_t5)
    good, long, refused = "the baths open the council", "the council " * 12, "the council open the baths"
    so_so = "the baths the council open"
    batch = Texts(tokenizer.pad_token_id)(
        _rows(
            [
                Pair("the baths", "", None, ("the lane",)),
                Pair("the council", "", None, (good, long), ((refused, 3), (so_so, 1))),
            ],
            tokenizer,
            RewriterArguments(),
        )
    )
    assert batch["better"].tolist() == [[1, 3], [1, 4], [4, 3]]
    labels = batch.pop("labels")
    assert (labels[3:] < 0).all() and (labels[:3] >= 0).any(1).all()
    learns, before = Loss(smoothing=0.0, preference=1.0), None
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    for _ in range(12):
        outputs = model(**batch)
        after = preference(outputs["logits"], batch["answers"], batch["better"]).item()
        before = after if before is None else before
        learns(outputs, labels).backward()
        optimizer.step()
        optimizer.zero_grad()
    assert after < before - 0.1
    alone = Loss(smoothing=0.0)(outputs, labels)
    assert learns(outputs, labels).item() == pytest.approx(alone.item() + after, rel=1e-4)


def test_only_groups_where_something_is_better_are_learnt_from():
    from training.data.judged import Judged, preferred

    def one(sources, text, verdict):
        return Judged("1", text, sources, "", None, verdict)

    found = preferred(
        [
            one("a b c", "B.", "good"),
            one("b c", "C.", "untrue"),
            one("a b c", "A.", "leaning"),
            one("a b c", "A b.", "untrue"),
            one("c d", "C.", "good"),
            one("c d", "D.", "good"),
        ]
    )
    assert found == [Pair("a b c", "", None, ("B",), (("A b", 3),)), Pair("c d", "", None, ("C",), ())]


def test_titles_are_read_with_the_share_that_is_asked_for(tiny_t5):
    from transformers import AutoTokenizer

    from training.rewriter import RewriterArguments, _rows

    tokenizer = AutoTokenizer.from_pretrained(tiny_t5)
    of = [Pair("the baths", "", "council", ("open",))] * 40
    sizes = [len(row["input_ids"]) for row in _rows(of, tokenizer, RewriterArguments(), 0.5)]
    assert 5 < sizes.count(min(sizes)) < 35
    assert len({len(row["input_ids"]) for row in _rows(of, tokenizer, RewriterArguments())}) == 1


@pytest.mark.parametrize(
    "bullet",
    [
        "Repairs will cost 3.9 million pounds",  # another number
        "Repairs will cost 2.9 million pounds, said Jane Doe",  # another name
        "Mayor praises swimmers for their endless patience",  # other words
        "He voted against the sum and called it a gamble",  # a word was added
        "Baths open",  # too short
        "The council votes to keep the Marl Lane baths open",  # another form of a word
        "The council voted on Monday to keep the Marl Lane baths open.",  # nothing was rewritten
    ],
)
def test_what_would_teach_it_to_invent_is_left_out(bullet):
    assert not pairs_of(bullet)


def test_training_from_raw_data_goes_on_after_a_kill(tiny_t5, tmp_path):
    train, held = (written(tmp_path / f"{i}.jsonl", archive(8, i)) for i in range(2))
    said = [{"text": "The council met.", "verdict": "good"}, {"text": "The council closed.", "verdict": "untrue"}]
    texts = [f"The council met in {1980 + i}. It rained." for i in range(20)]
    points = [{"sources": [[0, 24]], "judged": said}]
    about = [{"id": str(i), "article": text, "points": points} for i, text in enumerate(texts)]
    refused = written(tmp_path / "judged.jsonl", about)
    learnt, chooses, _ = divided(judged(str(refused)))
    assert len(learnt) > 20 and chooses
    command = [
        "rewriter", "--train", str(train), "--validation",
        str(held), "--compare_with", "none",
        "--judged", str(refused),
        "--base_model", str(tiny_t5), "--output", str(tmp_path / "run"), "--vocabulary", "136",
        "--batch_size", "4", "--eval_steps", "3", "--validation_pairs", "4", "--max_target_tokens", "12",
    ]  # fmt: skip
    done = called(main, *command, "--epochs", "2")
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["pairs"] == {"train": 8 + len(learnt) // 2, "validation": 4} and set(record["data"]) == {
        "train",
        "validation",
        "judged",
    }
    assert {"rouge1", "words"} <= set(record["validation"]) and "| run |" in done.stdout
    config = json.loads((tmp_path / "run" / "checkpoint" / "config.json").read_text())
    assert config["vocab_size"] == 136
    again = called(main, *command, "--epochs", "2")
    assert again.returncode == 0, again.stderr
    assert json.loads((tmp_path / "run" / "run.json").read_text())["validation"] == record["validation"]
    # It stands beside the shipped extractor, and the card says where both are from.
    made = Summarizer.from_pretrained(tmp_path / "run" / "model")
    assert made(STORY) and {"extractor", "rewriter"} < set(made.config)
    card = (tmp_path / "run" / "model" / "README.md").read_text()
    assert "all-MiniLM-L6-v2" in card and "--vocabulary 136" in card and str(tmp_path) not in card


def test_export_writes_what_the_checkpoint_writes(tiny_t5, tmp_path):
    """CTranslate2's greedy output, and its scores, are transformers'."""
    import ctranslate2
    from transformers import AutoTokenizer

    from summarizer.models.folder import FORMAT
    from training.rewriter import _loaded

    run = tmp_path / "run"
    (run / "checkpoint").mkdir(parents=True)
    model, tokenizer = _loaded(str(tiny_t5)), AutoTokenizer.from_pretrained(tiny_t5)
    model.save_pretrained(run / "checkpoint")
    tokenizer.save_pretrained(run / "checkpoint")
    arguments = {"train": "t.jsonl", "validation": None, "base_model": "tiny", "epochs": 1.0}
    record = {
        "task": "rewriter", "arguments": arguments, "data": {"train": {"fingerprint": "0" * 12}},
        "pairs": {"train": 1200}, "steps": 9, "best_step": 6, "validation": {"rouge1": 1.0},
    }  # fmt: skip
    (run / "run.json").write_text(json.dumps(record))
    (tmp_path / "older").mkdir()
    (tmp_path / "older" / "config.json").write_text(json.dumps({"format": FORMAT - 1, "verifier": {}}))
    refused = called(main, "export", run, "--output", tmp_path / "older")
    assert refused.returncode == 2 and f"has a verifier of format {FORMAT - 1}" in refused.stderr
    assert [path.name for path in (tmp_path / "older").iterdir()] == ["config.json"]
    done = called(main, "export", run, "--output", tmp_path / "mine", "--quantization", "float32")
    assert done.returncode == 0, done.stderr

    tokens = tokenizer.convert_ids_to_tokens(tokenizer("the council baths")["input_ids"])
    translator = ctranslate2.Translator(str(tmp_path / "mine" / "rewriter"))
    (result,) = translator.translate_batch([tokens], beam_size=1, max_decoding_length=6, return_scores=True)
    ids = torch.tensor([tokenizer("the council baths")["input_ids"]])
    wanted = model.generate(ids, max_new_tokens=6, do_sample=False, output_logits=True, return_dict_in_generate=True)
    assert result.hypotheses[0] == tokenizer.convert_ids_to_tokens(wanted.sequences[0, 1:])
    steps = torch.stack(wanted.logits, 1)[0].log_softmax(-1)
    score = steps.gather(1, wanted.sequences[0, 1:, None]).mean()
    assert result.scores[0] == pytest.approx(float(score), abs=1e-3)

    config = json.loads((tmp_path / "mine" / "config.json").read_text())
    assert config["format"] == FORMAT and config["rewriter"]["pairs"] == {"train": 1200}
    card = (tmp_path / "mine" / "README.md").read_text()
    assert "1,200 train" in card and "step 6 of 9" in card and str(tmp_path) not in card


def test_what_a_rewriter_may_write_is_what_it_read_and_what_bullets_use_most(base, tmp_path):
    from summarizer.points.rewriter import SHORTLIST
    from training.modeling.shortlist import MOST, write_shortlist

    shipped = base.folder / "rewriter"
    pieces = json.loads((shipped / "shared_vocabulary.json").read_text("utf-8"))
    (tmp_path / "shared_vocabulary.json").write_text(json.dumps(pieces))
    write_shortlist(tmp_path)
    assert (tmp_path / SHORTLIST).read_bytes() == (shipped / SHORTLIST).read_bytes()
    source = "Zbigniew Krzysztofowicz told the council on Monday that the Marl Lane baths would stay open until 2031."
    read = Tokenizer.from_file(str(shipped / "tokenizer.json")).encode(source).tokens
    assert set(read) - set(pieces[:MOST])
    translator = ctranslate2.Translator(str(shipped))
    (found,) = translator.translate_batch([read], beam_size=8, num_hypotheses=8, min_decoding_length=20, use_vmap=True)
    assert {piece for tokens in found.hypotheses for piece in tokens} <= {*read, *pieces[:MOST]}
    (tmp_path / "shared_vocabulary.json").write_text(json.dumps(pieces[:MOST]))
    write_shortlist(tmp_path)
    assert not (tmp_path / SHORTLIST).exists()
