import re
from dataclasses import replace

from eval.data import Example
from eval.evaluation import evaluate
from eval.measures import source_of
from eval.report import report

from ..articles import STORY

ABOUT = {
    "data": "invented.jsonl",
    "fingerprint": "sha256 0123456789ab…",
    "what": "`brief`, 3 bullets",
    "tokens": "rouge-score's tokens, stemmed",
    "options": {"language": "en"},
}
EVIL = "</script><b>The roof</b> comes first, <!-- said Ann Roe."
EXAMPLES = [
    Example(
        "baths",
        STORY,
        (
            ("The council voted to keep the Marl Lane baths open.", "Repairs will cost 2.9 million pounds."),
            ("Work on the baths starts on May 11.",),
        ),
    ),
    Example(
        "ferry", "😀 The ferry sailed on Monday.\n\nIt carried 40 cars. Nobody was hurt.", (("It carried 40 cars.",),)
    ),
]
SYSTEMS = {
    "LEAD-1": [["The council voted on Monday to keep the Marl Lane baths open."], ["😀 The ferry sailed on Monday."]],
    "ours": [["Repairs will cost 3.9 million pounds, said Bob Roe.", EVIL], []],
}


def page(examples=EXAMPLES, systems=SYSTEMS, **more):
    return report(evaluate(examples, systems), ABOUT | more)


def sections(html):
    return html.split("<section")[1:]


def test_each_article_stands_beside_its_lists():
    html = page()
    baths, ferry = sections(html)
    assert re.findall("<h3>(.*?)</h3>", baths) == ["Reference list A", "Reference list B", "LEAD-1", "ours"]
    lead = baths[baths.index("LEAD-1") :]
    source = re.search(r"<small>A1 0\.\d\d\s+<a href=\"#(\w+)\">sentence 1</a>", lead)[1]
    assert f'<span id="{source}">{SYSTEMS["LEAD-1"][0][0]}</span>' in baths
    assert "It had agreed in May to pull them down." in baths
    assert "No bullets." in ferry and "R1 0.0" in ferry


def test_the_articles_with_the_lowest_scores_of_the_first_model_are_named_first():
    systems = {"LEAD-1": [["Nothing."], ["It carried 40 cars."]], "ours": [["Work on the baths starts on May 11."], []]}
    for made, order in (({}, ["baths", "ferry"]), ({"ours": {"by": {}, "failed": 0}}, ["ferry", "baths"])):
        assert re.findall('<a href="#article[01]">(.*?)</a>', page(systems=systems, made=made)) == order


def test_facts_that_are_not_in_the_article_are_marked():
    assert re.findall("<mark>(.*?)</mark>", sections(page())[0]) == ["3.9 million pounds", "Bob Roe"]


def test_no_bullet_breaks_out_and_nothing_is_loaded():
    html = page()
    assert "<script" not in html and "&lt;/script&gt;&lt;b&gt;The roof&lt;/b&gt; comes first" in html
    assert not re.search(r"""(?:src|href)\s*=\s*["']?\s*(?:https?:)?//|@import|url\(""", html)


def test_half_of_a_surrogate_pair_can_be_written():
    page(systems={"ours": [["A torn emoji \ud83d."], []]}).encode("utf-8")


def test_articles_of_one_id_have_an_address_each():
    html = page([replace(EXAMPLES[0], id="ferry"), EXAMPLES[1]])
    assert re.findall('<section id="(.*?)"', html) == ["article0", "article1"]


def test_lists_without_articles():
    html = page([replace(example, text="") for example in EXAMPLES])
    assert "sentence 1" not in html and "<mark>3.9" not in html and "Reference list B" in html


def test_source_of_a_bullet():
    sentences = ["The ferry sailed on Monday.", "It carried 40 cars.", "It carried 40 cars."]
    assert source_of("The ferry carried 40 cars.", sentences) == 1
    assert source_of("Nobody was hurt.", sentences) is None
    assert source_of("Nobody was hurt.", []) is None
