"""The story as the writer reads it."""

from hypothesis import given
from hypothesis import strategies as st

from summarizer.points.story import SENTENCE_CHARACTERS, STORY_WORDS, request, story
from summarizer.reading import Sentence, content_sentences

from ..articles import STORY


def sentences_of(*texts):
    return [Sentence(text, 0, len(text)) for text in texts]


def test_the_sentences_of_points_are_marked_and_the_headline_stands_above():
    sentences = content_sentences(STORY)
    text = story(sentences, [(0,), (2, 3)], "Baths stay open")
    assert text.startswith("Baths stay open\n [1] The council voted on Monday")
    assert "[2] Repairs will cost 2.9 million pounds" in text and "[2] The roof comes first." in text
    assert text.count("[1]") == 1 and text.count("[2]") == 2 and "[...]" not in text
    assert request(2, "One\nline.") == "\n[2] One line.\n"


def test_of_a_long_article_the_sentences_that_tell_who_is_meant_are_kept():
    dull = [f"Nothing of note was said about the weather on day {n} of the long debate in town." for n in range(80)]
    texts = [
        "The council met.",
        *dull[:30],
        "Ann Roe leads the council.",
        *dull[30:],
        "It was late.",
        "Roe left early.",
    ]
    text = story(sentences_of(*texts), [(len(texts) - 1,)])
    assert "The council met." in text and "Ann Roe leads the council." in text and "It was late. [1] Roe left" in text
    assert "[...]" in text and len(text.split()) <= STORY_WORDS + 10


@given(
    st.lists(st.text(min_size=1, max_size=2000), min_size=1, max_size=30),
    st.data(),
)
def test_any_text_becomes_a_story_of_bounded_size(texts, data):
    sentences = sentences_of(*texts)
    chosen = data.draw(st.lists(st.integers(0, len(texts) - 1), unique=True, max_size=5))
    text = story(sentences, [(i,) for i in chosen])
    for number, i in enumerate(chosen, 1):
        assert f"[{number}] {' '.join(texts[i][:SENTENCE_CHARACTERS].split())}" in text
    assert len(text) < (len(chosen) + 1) * (SENTENCE_CHARACTERS + 20) + STORY_WORDS * 20
