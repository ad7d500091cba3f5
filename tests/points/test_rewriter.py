"""A model folder with a rewriter in it: the shipped one, and one with random weights, which writes nonsense."""

import hashlib
import json
import shutil

import pytest

from summarizer import Article, ModelError, Summarizer
from summarizer.deadline import Deadline
from summarizer.points.context import CONTEXT_WORDS, Context
from summarizer.points.rewriter import MAX_TARGET_TOKENS, Rewriter, Task
from summarizer.points.tidy import bullet_of
from summarizer.reading.boilerplate import content_sentences
from summarizer.reading.sentences import words
from training.__main__ import main

from ..articles import STORY
from ..commands import called

LONG = (
    "The council voted on Monday, after a debate that went on until two in the morning, to keep the baths on Marl Lane "
    "open and to set aside 2.9 million pounds for the roof, which surveyors had called unsafe in the spring of last "
    "year. About 120 people swim there each week."
)


def write(rewriter, sources, context, lengths):
    return rewriter.start(Task(sources, context, "Baths", lengths), Deadline())().candidates


@pytest.fixture(scope="module")
def nonsense(base, tiny_t5, tmp_path_factory):
    """The shipped extractor beside a rewriter of random weights."""
    folder = tmp_path_factory.mktemp("models") / "nonsense"
    run = tmp_path_factory.mktemp("run")
    shutil.copytree(base.folder, folder, ignore=shutil.ignore_patterns("rewriter"))
    shutil.copytree(tiny_t5, run / "checkpoint")
    record = {
        "task": "rewriter", "arguments": {"base_model": "tiny"}, "data": {}, "steps": 1,
        "best_step": 1, "validation": {},
    }  # fmt: skip
    (run / "run.json").write_text(json.dumps(record))
    assert called(main, "export", run, "--output", folder, "--name", "nonsense").returncode == 0
    return Summarizer.from_pretrained(folder)


@pytest.fixture(scope="module")
def without(base, tmp_path_factory):
    """The shipped model without its rewriter."""
    folder = tmp_path_factory.mktemp("models") / "without"
    shutil.copytree(base.folder, folder, ignore=shutil.ignore_patterns("rewriter"))
    config = json.loads((folder / "config.json").read_text())
    del config["rewriter"]
    (folder / "config.json").write_text(json.dumps(config))
    sums = json.loads((folder / "checksums.json").read_text())
    sums = {name: value for name, value in sums.items() if not name.startswith("rewriter/")}
    sums["config.json"] = hashlib.sha256((folder / "config.json").read_bytes()).hexdigest()
    (folder / "checksums.json").write_text(json.dumps(sums))
    return Summarizer.from_pretrained(folder)


def test_nonsense_is_never_shown_unless_it_is_asked_for(nonsense, base):
    for length in ("standard", "brief"):
        shown = nonsense(LONG, length=length, bullets=1)
        assert shown.bullets == base(LONG, length=length, bullets=1, policy="extract").bullets
    flagged = nonsense(LONG, length="standard", bullets=1, policy="flag")
    for bullet in flagged:
        assert bullet.method == "extracted" or bullet.failed


def test_a_folder_without_rewriter_shows_sentences(without, base, examples):
    for example in examples:
        for bullet in without(example["text"], length="brief"):
            assert bullet.method == "extracted"
            assert bullet.text == bullet_of([span.text for span in bullet.sources])
    assert without(STORY, policy="extract").bullets == base(STORY, policy="extract").bullets
    with pytest.raises(ModelError, match="has no rewriter"):
        without(STORY, policy="flag")


def test_an_article_in_another_language_is_not_rewritten(base):
    summary = base(Article(LONG, language="de"), bullets=1, length="brief")
    assert summary.bullets[0].method == "extracted" and summary.warnings


def test_the_rewriter_gives_the_best_first(base):
    rewriter = Rewriter(base.folder / "rewriter", threads=1)
    found = write(rewriter, LONG, "", (10, 20))
    texts = [candidate.text for candidate in found]
    assert len(set(texts)) > 4
    assert all(text[0].isupper() and text.rstrip('"”’')[-1] in ".!?" for text in texts)
    scores = [candidate.score for candidate in found]
    assert scores == sorted(scores, reverse=True) and scores[0] <= 0


def test_the_wanted_number_of_words_is_heeded(base):
    rewriter = Rewriter(base.folder / "rewriter", threads=1)
    short, long = (write(rewriter, LONG, "", (length,))[0].text for length in (10, 26))
    assert 6 <= len(words(short)) <= 14 < 20 <= len(words(long)) <= 34


@pytest.mark.parametrize(
    ("source", "first"),
    [
        ("Lund said he wants a new roof.", "Mayor Tor Lund opened the baths."),
        ("A roof is new, Roe's brother said.", "Her deputy Ana Roe did not come."),
        ("The roof is new.", None),
        ("Mr Tay wants a new roof.", None),  # nobody of that name before
    ],
)
def test_the_context_has_the_first_mention_of_each_name(source, first):
    mayor, deputy = "Mayor Tor Lund opened the baths.", "Her deputy Ana Roe did not come."
    filler = "Rain fell for a week and the lake rose. " * 16
    text = f"Storms came early this year. {filler}{mayor} {deputy} {filler}{source}"
    sentences = content_sentences(text)
    context = Context(sentences).of_sentences([len(sentences) - 1])
    assert context.startswith("Storms came early this year.") and context.endswith("the lake rose.")
    assert len(words(context)) <= CONTEXT_WORDS
    assert [line for line in (mayor, deputy) if line in context] == ([first] if first else [])


def test_a_short_story_is_its_own_context():
    sentences = content_sentences("Storms came early. The lake rose. The road was shut. It stays shut.")
    assert Context(sentences).of_sentences([3]) == "Storms came early. The lake rose. The road was shut."
    assert Context(sentences).of_sentences([0]) == ""


def test_a_source_beyond_the_window_is_cut_and_nothing_breaks(base):
    rewriter = Rewriter(base.folder / "rewriter", threads=1)
    found = write(rewriter, "The council voted and " * 400, LONG, (12,))
    assert all(len(candidate.text.split()) < MAX_TARGET_TOKENS for candidate in found)
    assert isinstance(write(rewriter, "", "", (12,)), tuple)
