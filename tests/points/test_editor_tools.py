"""What an editor asks for beside a list: a look at his own point, and other wordings."""

import pytest

from summarizer import Article, ArticleError, ClosedError, Span, Summarizer, TimeLimitError

ARTICLE = Article(
    "The council voted on Monday to keep the baths on Marl Lane open. Repairs will cost 2.9 million pounds.\n\n"
    "Ann Roe, who leads the council, said the roof would be mended by May. Critics called the price too high.",
    "Council votes to keep the baths",
)


def span(text):
    start = ARTICLE.text.index(text)
    return Span(start, start + len(text), text)


def test_an_editors_point_is_traced_and_checked(base):
    bullet = base.check(ARTICLE, "Repairs of the baths  will cost\n2.9 million pounds.")
    assert bullet.text == "Repairs of the baths will cost 2.9 million pounds." and bullet.method == "edited"
    assert [source.text for source in bullet.sources] == ["Repairs will cost 2.9 million pounds."]
    assert {check.kind for check in bullet.checks} >= {"number", "words", "alone", "verifier"}
    assert not [check for check in bullet.failed if check.kind != "verifier"]
    wrong = base.check(ARTICLE, "Repairs will cost 3.1 million pounds.")
    assert [check.evidence for check in wrong.failed if check.kind == "number"] == [
        "'3.1 million pounds' is not in the article"
    ]
    verdicts = [next(c.evidence for c in one.checks if c.kind == "verifier") for one in (bullet, wrong)]
    assert verdicts[0] != verdicts[1]


def test_a_fact_of_another_sentence_is_a_warning_of_its_own(base):
    bullet = base.check(ARTICLE, "Ann Roe said on Monday the roof would be mended.", [span("Ann Roe, who")])
    assert [check.evidence for check in bullet.failed if check.kind in ("name", "date")] == [
        "'Monday' is in the article, but not in the sources"
    ]
    assert bullet.sources[0].text.startswith("Ann Roe, who leads") and bullet.sources[0].text.endswith("by May.")


def test_the_article_may_be_a_text(base):
    assert base.check(ARTICLE.text, "Bananas ripen slowly.").sources == ()
    with pytest.raises(ArticleError, match="the article is empty"):
        base.check(" ", "Bananas ripen slowly.")
    with pytest.raises(ArticleError, match="the article is empty"):
        base(" ")


def test_a_point_from_nowhere_fails_its_sources(base):
    bullet = base.check(ARTICLE, "Bananas ripen slowly.")
    assert bullet.sources == () and "sources" in {check.kind for check in bullet.failed}


def test_other_wordings_stand_on_the_sentences_that_were_named(base):
    sources = [span("Ann Roe, who leads the council, said the roof would be mended by May.")]
    for length in ("standard", "brief"):
        found = base.wordings(ARTICLE, sources, length)
        assert len({bullet.text for bullet in found}) == len(found)
        rewrites = [bullet for bullet in found if bullet.method == "rewritten"]
        assert found[: len(rewrites)] == rewrites and found[-1].text == sources[0].text
        assert all(bullet.sources == tuple(sources) for bullet in found)
        assert all(c.passed for bullet in rewrites for c in bullet.checks if c.kind != "verifier")
    critics = span("Critics called the price too high.")
    two = base.wordings(ARTICLE, [*sources, critics], "brief")
    assert {bullet.text for bullet in two[-2:]} == {sources[0].text, critics.text}


def test_in_another_language_the_sentences_themselves_are_given(base):
    text = "Der Rat hat am Montag beschlossen, das Bad offen zu halten. Die Reparatur kostet drei Millionen."
    article = Article(text, language="de")
    found = base.wordings(article, [Span(0, 10, text[:10])])
    assert [bullet.method for bullet in found] == ["extracted"]
    assert "verifier" not in {check.kind for check in base.check(article, "Der Rat hält das Bad offen.").checks}


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda s: s.check(ARTICLE, " \n"), ArticleError, "the point is empty"),
        (lambda s: s.check(ARTICLE, "Roe.", [Span(9000, 9001, "x")]), ValueError, "no sentence of the story overlaps"),
        (lambda s: s.wordings(ARTICLE, []), ValueError, "name the sentences"),
        (lambda s: s.wordings(ARTICLE, [Span(9000, 9001, "x")]), ValueError, "no sentence of the story overlaps"),
        (lambda s: s.wordings(ARTICLE, [span("Ann Roe")], "long"), ValueError, "length must be"),
        (lambda s: s.check(ARTICLE, "Roe left.", time_limit=0), ValueError, "time_limit must be"),
        (lambda s: s.wordings(ARTICLE, [span("Ann Roe")], time_limit=float("nan")), ValueError, "time_limit must be"),
        (lambda s: s.check(ARTICLE, "Roe left.", time_limit=1e-9), TimeLimitError, "the check took longer"),
    ],
)
def test_what_cannot_be_done_is_said(base, call, error, message):
    with pytest.raises(error, match=message):
        call(base)


def test_a_closed_summarizer_takes_no_more():
    summarizer = Summarizer.from_pretrained()
    summarizer.close()
    with pytest.raises(ClosedError):
        summarizer.check(ARTICLE, "Roe left.")
