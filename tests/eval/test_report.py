import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from eval.data import Example
from eval.evaluation import evaluate
from eval.measures.alignment import source_of
from eval.report import report

from ..articles import STORY

TEMPLATE = Path(__file__).parents[2] / "eval" / "report.html"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chromium-browser"))), None)
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


def page(examples=EXAMPLES, systems=SYSTEMS):
    return report(evaluate(examples, systems), ABOUT)


def embedded(html):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL).group(1))


def opened(html, where, tmp_path):
    """The page's elements after its script has run."""
    file = tmp_path / "report.html"
    file.write_text(html, "utf-8")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    command += ["--virtual-time-budget=2000", "--dump-dom", f"{file.as_uri()}#{where}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def test_data_holds_texts_lists_pairs_and_sources():
    data = embedded(page())
    baths, ferry = data["articles"]
    assert data["systems"] == ["LEAD-1", "ours"]
    assert ["".join(article["text"]) for article in data["articles"]] == [example.text for example in EXAMPLES]
    lead, ours = baths["systems"]
    assert lead["human"] == 0
    assert lead["bullets"][0]["pair"][0] == 0
    assert baths["text"][1 + 2 * lead["bullets"][0]["source"]] == SYSTEMS["LEAD-1"][0][0]
    assert ["".join(bullet["parts"]) for bullet in ours["bullets"]] == SYSTEMS["ours"][0]
    assert ferry["systems"][1]["bullets"] == []
    assert data["columns"]["ours"]["rouge1_f1"][1] == 0
    assert data["columns"]["ours"]["supported"][1] == 0 and data["columns"]["ours"]["unmatched"][1] is None


def test_facts_that_are_not_in_the_article_are_marked():
    bullet = embedded(page())["articles"][0]["systems"][1]["bullets"][0]
    assert [part.strip() for part in bullet["parts"][1::2]] == ["3.9 million pounds", "Bob Roe"]
    assert bullet["missing"] == ["number", "name"]


def test_shapes_are_shares():
    shapes = embedded(page())["shapes"]
    assert shapes["human"]["bullets"][:3] == [0, 66.67, 33.33]
    assert shapes["systems"][1]["bullets"][:3] == [50, 0, 50]
    for shape in (shapes["human"], *shapes["systems"]):
        assert sum(shape["words"]) == pytest.approx(100, abs=0.1)
        assert sum(shape["places"]) <= 100.1


def test_no_bullet_breaks_out_and_nothing_is_loaded():
    html = page()
    assert html.count("</script>") == TEMPLATE.read_text("utf-8").count("</script>")
    assert "<b>The roof" not in html
    assert not re.search(r"""(?:src|href)\s*=\s*["']?\s*(?:https?:)?//|@import|url\(""", html)


def test_half_of_a_surrogate_pair_can_be_written():
    page(systems={"ours": [["A torn emoji \ud83d."], []]}).encode("utf-8")


def test_articles_of_one_id_have_an_address_each():
    ids = [article["id"] for article in embedded(page([replace(EXAMPLES[0], id="ferry"), EXAMPLES[1]]))["articles"]]
    assert ids == ["ferry (article 1)", "ferry (article 2)"]


def test_lists_without_articles():
    data = embedded(page([replace(example, text="") for example in EXAMPLES]))
    assert "supported" not in data["rest"]
    assert data["articles"][0]["text"] == [""]
    assert data["articles"][0]["systems"][0]["bullets"][0]["source"] is None
    assert data["shapes"]["human"]["places"] == [0] * 10


def test_source_of_a_bullet():
    sentences = ["The ferry sailed on Monday.", "It carried 40 cars.", "It carried 40 cars."]
    assert source_of("The ferry carried 40 cars.", sentences) == 1
    assert source_of("Nobody was hurt.", sentences) is None
    assert source_of("Nobody was hurt.", []) is None


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_browser_renders_an_article(tmp_path):
    dom = opened(page(), "article=baths", tmp_path)
    lists = dom[dom.index('id="lists"') : dom.index('id="text"')]
    assert lists.count('class="bullet"') == 6
    assert "Human list B" in lists
    assert "&lt;/script&gt;&lt;b&gt;The roof&lt;/b&gt; comes first" in lists
    assert re.search(r'<mark class="missing"[^>]*> ?3.9 million pounds</mark>', lists)
    assert "It had agreed in May to pull them down." in dom[dom.index('id="text"') : dom.index("<noscript")]


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_browser_lists_articles_and_their_order(tmp_path):
    dom = opened(page([replace(example, text="") for example in EXAMPLES]), "system=LEAD-1&sort=id&down=1", tmp_path)
    rows = dom[dom.index('id="rows"') : dom.index('id="where"')]
    assert rows.index(">ferry</a>") < rows.index(">baths</a>")
    assert dom.count("<circle") == 10  # five scores of two systems
