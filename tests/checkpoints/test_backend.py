"""Lists that a checkpoint writes: read, traced to the article, checked."""

from concurrent.futures import Future

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summarizer import Article, ArticleError, ModelError, Summarizer
from summarizer.checkpoints.backend import AbstractiveBackend
from summarizer.checkpoints.generator import Generator
from summarizer.checkpoints.prompts import GenerationSettings, settings_in
from summarizer.checks import Verdict
from summarizer.models import from_hub

from ..articles import STORY, letters
from ..test_summarizer import SCHEMA

torch = pytest.importorskip("torch")

TRUE = "The council voted on Monday to keep the Marl Lane baths open."
SHORTER = "Repairs will cost 2.9 million pounds, said Ann Roe."
WRONG = "About 150 people swim there each week, said Ann Roe."
INVENTED = "Penguins marched across Antarctica yesterday singing opera."


class Script:
    """A model that says what it is told to, one answer after the other."""

    def __init__(self, *answers, end=True):
        self._tokenizer = letters("<pad>", "<end>")
        self._answers, self._end = list(answers), end
        self.prompts = []

    @property
    def tokenizer(self):
        return self._tokenizer.backend_tokenizer

    def write(self, prompts, family):
        self.prompts += [self.tokenizer.decode(ids) for ids in prompts]
        answers = [self._answers.pop(0) for _ in prompts]
        ids = [self.tokenizer.encode(answer).ids for answer in answers]
        return [[*one, 1] if self._end else one for one in ids]


class Trusting:
    """A verifier that trusts all but some texts."""

    threshold = 0.5

    def __init__(self, *doubted):
        self._doubted = doubted

    def start(self, texts, kind, sources, context, title):
        assert kind == "others"
        found = Future()
        found.set_result([Verdict(0.1, untrue=0.9) if text in self._doubted else Verdict(0.9) for text in texts])
        return found

    def close(self):
        pass


def summarizer(*answers, end=True, doubted=(), **family):
    settings = {"window": 10_000, "max_new_tokens": 1_000, "separator": "\n"} | family
    engine = Script(*answers, end=end)
    backend = AbstractiveBackend(Generator(engine, GenerationSettings("seq2seq", **settings)), Trusting(*doubted))
    return Summarizer(backend, {"name": "script", "method": "generated"}, "0" * 12, None), engine


def test_a_bullet_that_passes_is_shown_with_its_source_and_checks():
    summary = summarizer(f"{TRUE}\n{SHORTER}")[0](STORY)
    first, second = summary.bullets
    assert (first.text, first.method) == (TRUE, "extracted")  # the article's own sentence
    assert (second.text, second.method, second.failed) == (SHORTER, "generated", ())
    assert second.checks and [span.text for span in second.sources] == [
        "Repairs will cost 2.9 million pounds, said Ann Roe, who leads the council."
    ]
    assert second.score == 1.0 and "written by software" in summary.disclosure


def test_a_bullet_that_fails_gives_its_place_to_its_best_sentence():
    make = lambda: summarizer(f"{SHORTER}\n{WRONG}")[0]  # noqa: E731
    checked = make()(STORY)
    assert checked.bullets[1].text == "About 120 people swim there each week."
    assert checked.bullets[1].method == "extracted"
    flagged = make()(STORY, policy="flag").bullets[1]
    assert flagged.text == WRONG.replace("Ann Roe", "Roe") and any("150" in check.evidence for check in flagged.failed)
    assert {b.method for b in make()(STORY, policy="extract")} == {"extracted"}


def test_what_the_verifier_doubts_gives_its_place_to_its_best_sentence():
    make = lambda: summarizer(f"{TRUE}\n{SHORTER}", doubted=[SHORTER])[0]  # noqa: E731
    assert [b.method for b in make()(STORY)] == ["extracted", "extracted"]
    flagged = make()(STORY, policy="flag").bullets[1]
    assert flagged.text == SHORTER and [check.kind for check in flagged.failed] == ["verifier"]


def test_a_newsroom_sets_how_sure_the_verifier_must_be():
    make = lambda: summarizer(f"{TRUE}\n{SHORTER}")[0]  # noqa: E731
    assert make()(STORY, min_confidence=0.89).bullets[1].method == "generated"
    assert make()(STORY, min_confidence=0.91).bullets[1].method == "extracted"


def test_the_articles_own_sentence_is_no_rewrite_of_it():
    """Also where it lost who says so, which it gets back."""
    story = "Repairs will cost 2.9 million pounds, said Ann Roe. The roof comes first, and the hall after it."
    (bullet,) = summarizer("Repairs will cost 2.9 million pounds.")[0](story, bullets=1)
    assert (bullet.text, bullet.method) == ("Repairs will cost 2.9 million pounds, said Ann Roe.", "extracted")


def test_a_person_is_named_in_full_once():
    story = "Ann Roe opened the baths on Monday. Roe said on Friday that repairs will cost 2.9 million pounds."
    written = "Ann Roe opened the baths.\nRoe said repairs will cost 2.9 million pounds."
    assert summarizer(written)[0](story).to_text() == written


def test_what_cannot_be_traced_is_left_out_and_said():
    make = lambda: summarizer(f"{INVENTED}\n{SHORTER}")[0]  # noqa: E731
    summary = make()(STORY)
    assert [b.text for b in summary] == [SHORTER] and any("could not be traced" in w for w in summary.warnings)
    flagged = make()(STORY, policy="flag")
    SCHEMA.validate(flagged.to_dict())
    assert flagged.bullets[0].text == INVENTED and flagged.bullets[0].failed and not flagged.bullets[0].sources
    assert 'href="#s0"' not in flagged.to_html() and INVENTED in flagged.to_html()


def test_an_answer_at_the_cap_loses_its_last_bullet_and_warns():
    answer = f"{TRUE}\nRepairs will co"
    summary = summarizer(answer, end=False, max_new_tokens=len(answer))[0](STORY)
    assert [b.text for b in summary] == [TRUE] and any("was cut off at" in w for w in summary.warnings)
    assert not summarizer(answer, max_new_tokens=len(answer) + 1)[0](STORY).warnings


def test_a_long_article_is_read_in_parts_until_there_are_enough_bullets():
    make, engine = summarizer(TRUE, SHORTER, "Work starts on May 11.", window=300)
    summary = make(STORY, bullets=2)
    assert [b.text for b in summary] == [TRUE, SHORTER] and len(engine.prompts) == 2
    assert all(len(prompt) <= 300 and prompt.endswith(".") for prompt in engine.prompts)
    assert any("2 of its" in w for w in summary.warnings)


def test_the_number_of_bullets():
    many = "\n".join([TRUE, SHORTER, "Work starts on May 11.", "The roof comes first."])
    assert len(summarizer(many)[0](STORY, bullets=2)) == 2
    few = summarizer(TRUE)[0](STORY, bullets=3)
    assert len(few) == 1 and "3 bullets were asked for" in few.warnings[0]


def test_checks_are_english_so_other_languages_get_sentences():
    text = "Der Rat stimmte am Montag dafür, das Bad zu erhalten. Die Sanierung kostet 2,9 Millionen Euro."
    summary = summarizer("Sanierung kostet 2,9 Millionen Euro")[0](Article(text, language="de"))
    assert [b.text for b in summary] == ["Die Sanierung kostet 2,9 Millionen Euro."]
    assert any("for English only" in w for w in summary.warnings)


@pytest.mark.parametrize(
    ("answer", "bullets"),
    [
        ("<s>First thing .<n>Second thing .</s>", ["First thing.", "Second thing."]),  # PEGASUS, BART
        (
            "Here are the key points:\n\n- One thing\n* Another thing\n1. A third.",
            ["One thing.", "Another thing.", "A third."],
        ),
        ("One thing happened. Another did. One thing happened.", ["One thing happened.", "Another did."]),
        ("**Bold** claim\n\nplain claim<|im_end|>", ["Bold claim.", "Plain claim."]),
        ("He said `` no '' , she did n't .", ['He said "no", she didn\'t.']),
        (
            "Summary judgment was granted to Oracle.\nSure-footed Kane scored twice.",
            ["Summary judgment was granted to Oracle.", "Sure-footed Kane scored twice."],
        ),
        ("Sure! Here are the points:\n- One thing", ["One thing."]),
        ("", []),
        ("- \n...\n", []),
    ],
)
def test_answers_of_all_families_are_cleaned(answer, bullets):
    assert GenerationSettings("causal").bullets(answer) == bullets


@given(st.text(max_size=200))
def test_bullets_of_any_answer_are_whole_lines_each_once(answer):
    for separator in ("", "\n", " | "):
        found = GenerationSettings("seq2seq", separator=separator).bullets(answer)
        assert len(found) == len(set(found))
        assert all(text == " ".join(text.split()) and any(c.isalnum() for c in text) for text in found)


@given(
    st.lists(st.from_regex(r"[A-Z][a-z]{2,8}( [a-z]{2,8}){1,6}\.", fullmatch=True), min_size=1, max_size=5, unique=True)
)
def test_what_is_trained_on_is_read_back(bullets):
    for separator in ("\n", " <n> ", " | "):
        family = GenerationSettings("seq2seq", separator=separator)
        assert family.bullets(family.joined(bullets)) == bullets


@pytest.mark.parametrize("checkpoint", ["tiny_t5", "tiny_llama", "tiny_bart"])
def test_any_checkpoint_is_a_summarizer(checkpoint, request, tmp_path):
    made = Summarizer.from_pretrained(request.getfixturevalue(checkpoint), device="cpu")
    articles = [STORY, STORY.replace("Monday", "Tuesday") + " It rained for a week."]
    together = made(articles, policy="flag")
    for one in together:
        SCHEMA.validate(one.to_dict())
        assert len(one) > 0  # random weights write something
    assert [s.to_dict() for s in together] == [made(a, policy="flag").to_dict() for a in articles]
    made.save_pretrained(tmp_path / "again")
    again = Summarizer.from_pretrained(tmp_path / "again", device="cpu")
    assert [b.text for b in again(STORY, policy="flag")] == [b.text for b in together[0]]
    assert again.version == made.version


def test_a_fine_tuned_list_of_one_bullet_stays_one():
    assert GenerationSettings("causal", separator="\n").bullets("The pier closed. It was old.") == [
        "The pier closed. It was old."
    ]


def test_a_chat_model_is_told_how_many_and_how_long(tiny_llama):
    family = Summarizer.from_pretrained(tiny_llama, device="cpu")._backend.generator.settings
    asked = family.asked(4, "brief")
    assert "4 key points" in asked.before and "10 to 18 words" in asked.before
    assert asked.before.startswith("<|im_start|>user") and asked.after.endswith("<|im_start|>assistant\n")


def test_what_cannot_write_is_refused(tiny_checkpoint, tmp_path):
    from transformers import BertConfig, BertForSequenceClassification

    with pytest.raises(ModelError, match="BertModel, which cannot write a summary"):
        Summarizer.from_pretrained(tiny_checkpoint)
    config = BertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, vocab_size=30)
    BertForSequenceClassification(config).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="BertForSequenceClassification, which cannot write"):
        Summarizer.from_pretrained(tmp_path)


def test_a_name_on_the_hub_that_cannot_be_had(monkeypatch):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="nobody/nothing"):
        Summarizer.from_pretrained("nobody/nothing")


def test_without_network_it_is_tried_once(monkeypatch):
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    tried = []

    def download(name, file, revision, token, local_files_only):
        tried.append(local_files_only)
        raise LocalEntryNotFoundError(file)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    assert from_hub("you/points") is None and tried == [False, True, True]


def test_one_bad_article_of_those_written_together_costs_the_others_nothing():
    model, _ = summarizer(TRUE, TRUE, TRUE)
    given = iter([STORY, STORY, "", STORY])
    calls = []

    def article():
        calls.append(1)
        return next(given)

    found = list(model.stream([article] * 4, on_error="yield"))
    assert len(calls) == 4 and [isinstance(one, ArticleError) for one in found] == [False, False, True, False]
    assert [one.bullets[0].text for i, one in enumerate(found) if i != 2] == [TRUE] * 3


def test_settings_of_an_earlier_version_are_read(tmp_path):
    (tmp_path / "key_points.json").write_text('{"kind": "causal", "longest": 80, "least": 5, "no_repeat": 3}')
    assert settings_in(tmp_path) == GenerationSettings(
        "causal", max_new_tokens=80, min_new_tokens=5, no_repeat_ngram_size=3
    )
