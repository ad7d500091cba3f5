"""The story as the writer reads it, and the text of what it copies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from summarizer.points.copied_text import Step, copied_text
from summarizer.points.story import HEADLINE, MAX_STORY_TOKENS, STORY_WORDS, story
from summarizer.reading import Sentence, content_sentences

from ..articles import ROOT, STORY


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.from_file(str(ROOT / "models" / "base" / "extractor" / "tokenizer.json"))


def sentences_of(*texts):
    return [Sentence(text, 0, len(text)) for text in texts]


def test_a_short_story_is_whole_and_each_token_knows_its_sentence(tokenizer):
    sentences = content_sentences(STORY)
    read = story(tokenizer, sentences, [0, 2], "Baths stay open")
    assert read.text.split("\n") == ["Baths stay open", *(" ".join(s.text.split()) for s in sentences)]
    for (start, end), sentence in zip(read.offsets, read.sentences, strict=True):
        line = "Baths stay open" if sentence == HEADLINE else " ".join(sentences[sentence].text.split())
        at = read.text.index(line)
        assert at <= start < end <= at + len(line)


def test_of_a_long_article_the_sentences_that_tell_who_is_meant_are_kept(tokenizer):
    dull = [f"Nothing of note was said about the weather on day {n} of the long debate in town." for n in range(80)]
    texts = [
        "The council met.",
        *dull[:30],
        "Ann Roe leads the council.",
        *dull[30:],
        "It was late.",
        "It was Roe’s.",
    ]
    read = story(tokenizer, sentences_of(*texts), [len(texts) - 1])
    assert {"The council met.", "Ann Roe leads the council.", "It was late.", "It was Roe’s."} <= set(
        read.text.split("\n")
    )
    assert len(read.text.split()) <= STORY_WORDS


@given(st.lists(st.text(min_size=1, max_size=2000), max_size=30), st.data())
def test_any_text_becomes_a_story_of_bounded_size(tokenizer, texts, data):
    chosen = data.draw(st.lists(st.integers(0, max(len(texts) - 1, 0)), unique=True, max_size=min(5, len(texts))))
    read = story(tokenizer, sentences_of(*texts), chosen, data.draw(st.text(max_size=50)))
    assert len(read.ids) == len(read.offsets) == len(read.sentences) <= MAX_STORY_TOKENS
    assert set(read.sentences.tolist()) <= {HEADLINE, *range(len(texts))}


@pytest.mark.parametrize("text", ['"' * 1_000_000, "No. " * 250_000, "a" * 1_000_000], ids=["marks", "words", "letter"])
def test_a_megabyte_is_cut_before_it_is_read(tokenizer, text):
    read = story(tokenizer, sentences_of(text, "Roe left."), [0, 1], text)
    assert len(read.text) < 2000 and read.text.endswith("Roe left.")


def steps_of(tokenizer, read, *parts):
    """Steps that copy texts from the story, or write those that it lacks."""
    found = []
    for part in parts:
        ids = tokenizer.encode(part, add_special_tokens=False).ids
        run = next((at for at in range(len(read.ids)) if list(read.ids[at : at + len(ids)]) == ids), None)
        if part.startswith("##"):
            found.append(Step(-1, part))
        elif run is None:
            found += [Step(-1, tokenizer.id_to_token(i)) for i in ids]
        else:
            found += [Step(run + i) for i in range(len(ids))]
    return found


@pytest.mark.parametrize(
    ("parts", "wanted"),
    [
        (["Ann Roe", ", who leads the council", "listened", "."], "Ann Roe, who leads the council listened."),
        (["Derek Malloy", "voted against"], "Derek Malloy voted against"),
        (["In", "The roof comes first."], "In the roof comes first."),
        (["the trust", "'", "s", "25-year lease"], "The trust's 25-year lease"),
        (['"We listened,"', "said", "Ann Roe"], '"We listened," said Ann Roe'),
        (["The council", "spend", "##ing", ",", "it", "says", "."], "The council spending, it says."),
        (["A", "25-year lease"], "A 25-year lease"),
        (["It comes first", ".", "The roof comes first."], "It comes first. The roof comes first."),
        (["Doctors", "and", "WHO officials"], "Doctors and WHO officials"),
        (["He said", "'we listen'"], "He said 'we listen'"),
        (["Malloy", "- who"], "Malloy - who"),
    ],
)
def test_a_text_has_the_spaces_and_capitals_of_an_editor(tokenizer, parts, wanted):
    text = f"{STORY} WHO officials who swim said 'we listen'. Doctors and Malloy - who is chief - agreed."
    read = story(tokenizer, content_sentences(text), [0])
    assert copied_text(read, steps_of(tokenizer, read, *parts)) == wanted


def test_a_sentence_that_is_copied_whole_is_the_sentence(tokenizer):
    sentences = content_sentences(STORY)
    read = story(tokenizer, sentences, [0])
    for i, sentence in enumerate(sentences):
        steps = [Step(at) for at in range(len(read.ids)) if read.sentences[at] == i]
        assert copied_text(read, steps) == " ".join(sentence.text.split())
