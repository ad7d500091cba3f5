"""The desk's API: drafts, versions, decisions, limits, statistics and metrics."""

import json

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from eval.data import read
from summarizer import Article
from summarizer.desk.commands import managing
from summarizer.desk.service import create_app
from summarizer.desk.settings import Settings
from training.data.judged import judged

from ..articles import ROOT
from .desk import TEXT, TITLE, article, client, drafted, kept, revise


@pytest.fixture
def desk(base, tmp_path):
    with client(base, tmp_path) as made:
        yield made


def test_an_article_becomes_a_draft_once(desk):
    first = desk.post("/v1/summaries", json=article())
    record = first.json()
    assert first.status_code == 201 and record["status"] == "draft" and record["revision"] == 1
    assert record["article_id"] == "story-1" and record["title"] == TITLE
    again = desk.post("/v1/summaries", json=article())
    assert again.status_code == 200 and again.json()["id"] == record["id"]
    other = desk.post("/v1/summaries", json=article(text=TEXT + " It rained."))
    assert other.status_code == 201 and other.json()["id"] != record["id"]
    brief = desk.post("/v1/summaries", json=article(length="brief"))
    assert brief.status_code == 201 and brief.json()["options"]["length"] == "brief"
    schema = json.loads((ROOT / "docs" / "summary.schema.json").read_text("utf-8"))
    Draft202012Validator(schema).validate(record)


def test_an_editors_version_is_checked_and_knows_the_draft(desk):
    record = drafted(desk)
    bullets = kept(record)
    gone = bullets.pop()
    bullets[0] |= {"text": "The council voted on Tuesday to keep the baths open.", "reason": "untrue"}
    bullets.append({"text": "Ann Roe said the roof would be mended by May."})
    answer = revise(desk, record, bullets, removed={gone["id"]: "poor"})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    changed, added = made["bullets"][0], made["bullets"][-1]
    assert changed["method"] == "edited" and changed["draft"] == record["bullets"][0]["text"]
    assert changed["reason"] == "untrue"
    assert {check["kind"] for check in changed["checks"] if not check["passed"]} >= {"date"}
    assert added["id"] not in {one["id"] for one in record["bullets"]} and "draft" not in added
    assert "Ann Roe, who leads the council" in added["sources"][0]["text"]
    assert made["removed"] == [
        {"id": gone["id"], "text": gone["text"], "sources": record["bullets"][-1]["sources"], "reason": "poor"}
    ]
    assert made["bullets"][1] == record["bullets"][1]
    schema = json.loads((ROOT / "docs" / "summary.schema.json").read_text("utf-8"))
    Draft202012Validator(schema).validate(made)
    # A deleted bullet can be restored, and has the software's text again.
    back = revise(desk, made, [*kept(made), {"id": gone["id"], "text": gone["text"]}]).json()
    assert back["removed"] == [] and back["bullets"][-1]["draft"] == gone["text"]


@pytest.mark.parametrize(
    ("bullets", "message"),
    [
        ([{"text": "  "}], "point 1 is empty"),
        ([{"id": "b9", "text": "Roe left."}], "the id 'b9' is unknown"),
        ([{"id": "b1", "text": "Roe."}, {"id": "b1", "text": "Roe."}], "the id 'b1' is twice in the list"),
        ([{"text": "Roe left.", "sources": [{"start": 5, "end": 10_000}]}], "the offsets 5 to 10000 are invalid"),
        ([{"text": "x" * 2001}], "at most 2000 characters"),
        ([{"text": "Roe left.", "reason": "dull"}], "reason"),
    ],
)
def test_a_version_that_will_not_do_changes_nothing(desk, bullets, message):
    record = drafted(desk)
    answer = revise(desk, record, bullets)
    assert answer.status_code == 422 and message in answer.json()["detail"]
    assert answer.headers["content-type"] == "application/problem+json"
    assert desk.get(f"/v1/summaries/{record['id']}").json()["revision"] == 1


def test_words_that_are_changed_back_are_the_softwares_again(desk):
    record = drafted(desk)
    first, *rest = kept(record)
    made = revise(desk, record, [first | {"text": "Roe voted.", "reason": "poor"}, *rest]).json()
    assert made["bullets"][0]["method"] == "edited"
    back = revise(desk, made, [first | {"reason": "poor"}, *rest]).json()
    assert back["bullets"] == record["bullets"]


def test_an_id_is_never_given_twice(desk):
    record = drafted(desk)
    first = revise(desk, record, [*kept(record), {"text": "The council refused the offer."}]).json()
    second = revise(desk, first, kept(record)).json()
    third = revise(desk, second, [*kept(record), {"text": "The roof is mended by May."}]).json()
    assert third["bullets"][-1]["id"] != first["bullets"][-1]["id"]


def test_an_older_version_with_a_point_that_is_gone_is_a_conflict(desk):
    record = drafted(desk)
    first = revise(desk, record, [*kept(record), {"text": "The council refused the offer."}]).json()
    revise(desk, first, kept(record))
    assert revise(desk, first, kept(first)).status_code == 409


def test_other_sources_leave_the_drafts_own(desk, tmp_path):
    record = drafted(desk)
    first, second, *rest = kept(record)
    other = [{"start": s["start"], "end": s["end"]} for s in record["bullets"][1]["sources"]]
    first |= {"text": "Repairs will cost 2.9 million pounds.", "sources": other, "reason": "poor"}
    made = revise(desk, record, [first, second, *rest]).json()
    assert made["bullets"][0]["draft_sources"] == record["bullets"][0]["sources"]
    desk.post(f"/v1/summaries/{record['id']}/approve", json={"revision": 2})
    path = tmp_path / "approved.jsonl"
    path.write_bytes(desk.get("/v1/export").content)
    (bad,) = [one for one in judged(str(path)) if one.verdict == "poor"]
    assert bad.text in bad.sources


def test_two_editors_on_one_list(desk):
    record = drafted(desk)
    assert revise(desk, record, kept(record)[:2]).status_code == 201
    late = revise(desk, record, kept(record)[1:])
    assert late.status_code == 409 and late.json()["revision"] == 2 and "has changed this list" in late.json()["detail"]
    path = f"/v1/summaries/{record['id']}"
    assert desk.post(f"{path}/approve", json={"revision": 1}).status_code == 409
    assert len(desk.get(path).json()["bullets"]) == 2


def test_decisions_and_what_they_lead_to(desk):
    record = drafted(desk)
    path = f"/v1/summaries/{record['id']}"

    def decide(action, revision):
        return desk.post(f"{path}/{action}", json={"revision": revision, "note": "as said"})

    refused = decide("withdraw", 1)
    assert refused.status_code == 409 and "a list with status approved can be withdrawn" in refused.json()["detail"]
    approved = decide("approve", 1).json()
    assert approved["status"] == "approved" and approved["disclosure"] == Settings.disclosure
    assert decide("approve", 2).status_code == 409
    assert decide("withdraw", 2).json()["status"] == "withdrawn"
    again = revise(desk, desk.get(path).json(), kept(record)).json()
    assert again["status"] == "draft" and again["revision"] == 4
    assert decide("reject", 4).json()["status"] == "rejected"
    history = desk.get(path).json()["history"]
    assert [one["action"] for one in history] == ["drafted", "approved", "withdrawn", "revised", "rejected"]
    assert history[1]["note"] == "as said" and history[1]["who"] == "editor"
    assert desk.get(f"{path}/revisions/4").json()["status"] == "draft"
    assert desk.get(f"{path}/revisions/9").status_code == 404
    empty = revise(desk, desk.get(path).json(), []).json()
    assert "nothing to approve" in desk.post(f"{path}/approve", json={"revision": empty["revision"]}).json()["detail"]


def test_an_export_is_training_data(desk, tmp_path):
    record = drafted(desk)
    bullets = [{"text": "The editor's own point about the council and its baths."}, *kept(record)[1:]]
    made = revise(desk, record, bullets).json()
    desk.post(f"/v1/summaries/{record['id']}/approve", json={"revision": made["revision"]})
    drafted(desk, id="story-2", text=TEXT + " It rained.")  # a draft is not exported
    answer = desk.get("/v1/export")
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    (tmp_path / "approved.jsonl").write_bytes(answer.content)
    (example,) = read(str(tmp_path / "approved.jsonl"))
    assert example.text == TEXT and example.bullets[0] == bullets[0]["text"]
    left, *rest = judged(str(tmp_path / "approved.jsonl"), corrections=False)
    assert {one.verdict for one in rest} == {"good"} and (left.verdict, left.kind) == ("good", "sentences")
    assert json.loads(answer.content)["disclosure"] == Settings.disclosure
    done = CliRunner().invoke(
        managing, ["export", "-o", str(tmp_path / "own.jsonl"), "--database", f"sqlite:///{tmp_path / 'desk.sqlite'}"]
    )
    assert done.exit_code == 0 and (tmp_path / "own.jsonl").read_bytes() == answer.content


def test_what_editors_changed_is_judged_data(desk, tmp_path):
    record = drafted(desk)
    bullets = kept(record)
    gone = bullets.pop()
    before = bullets[0]["text"]
    bullets[0] |= {"text": "The council voted on Monday to keep the baths.", "reason": "leaning"}
    bullets[1] |= {"text": "Repairs cost 2.9 million pounds."}  # changed without a reason
    made = revise(desk, record, bullets, removed={gone["id"]: "poor"}).json()
    desk.post(f"/v1/summaries/{record['id']}/approve", json={"revision": made["revision"]})
    path = tmp_path / "approved.jsonl"
    path.write_bytes(desk.get("/v1/export").content)
    said = {one.text: one.verdict for one in judged(str(path), corrections=False)}
    assert said[before] == "leaning" and said[gone["text"]] == "poor" and len(said) == len(record["bullets"]) - 1
    both = judged(str(path))
    assert {one.verdict for one in both if one.text in (bullets[0]["text"], bullets[1]["text"])} == {"good"}
    assert all(one.sources and one.title == TITLE for one in both)


def test_lists_come_in_pages(desk):
    ids = [drafted(desk, id=f"s{i}", text=f"{TEXT} It was day {i}.")["id"] for i in range(5)]
    seen, before = [], None
    while True:
        page = desk.get("/v1/summaries", params={"limit": 2} | ({"before": before} if before else {})).json()
        seen += [one["id"] for one in page["summaries"]]
        before = page["next"]
        if not before:
            break
    assert sorted(seen) == sorted(ids) and len(set(seen)) == 5
    assert desk.get("/v1/summaries", params={"status": "approved"}).json() == {"summaries": [], "next": None}
    assert desk.get("/v1/summaries", params={"before": "nobody"}).status_code == 404


def test_a_point_is_held_against_an_article(desk):
    record = drafted(desk)
    point = "The council voted on Friday to pay 14 million pounds, said Ursula Braun."
    for about in ({"summary": record["id"]}, {"text": TEXT, "title": TITLE}):
        found = desk.post("/v1/check", json=about | {"point": point}).json()
        assert {point[one["start"] : one["end"]] for one in found["missing"]} == {
            "Friday", "14 million pounds", "Ursula Braun",
        }  # fmt: skip
        assert found["sources"] and {check["kind"] for check in found["checks"]} >= {"number", "name", "verifier"}
    good = desk.post("/v1/check", json={"summary": record["id"], "point": record["bullets"][0]["text"]}).json()
    assert good["missing"] == [] and all(c["passed"] for c in good["checks"] if c["kind"] != "verifier")
    nowhere = desk.post("/v1/check", json={"summary": record["id"], "point": "Bananas ripen slowly."}).json()
    assert nowhere["sources"] == [] and not nowhere["checks"][-1]["passed"]


def test_other_wordings_of_a_point(desk):
    record = drafted(desk)
    longest = max(
        (source for bullet in record["bullets"] for source in bullet["sources"]), key=lambda s: len(s["text"])
    )
    sources = [{"start": longest["start"], "end": longest["end"]}]
    path = f"/v1/summaries/{record['id']}/wordings"
    found = desk.post(path, json={"sources": sources, "length": "brief"}).json()["wordings"]
    assert len({one["text"] for one in found}) == len(found) > 1
    assert found[-1]["method"] == "extracted" and found[0]["method"] == "rewritten"
    assert any(check["kind"] == "verifier" for check in found[0]["checks"])
    far = desk.post(path, json={"sources": [{"start": 90_000, "end": 90_001}]})
    assert far.status_code == 422 and "the offsets 90000 to 90001 are invalid" in far.json()["detail"]


def test_a_list_to_paste(desk):
    record = drafted(desk)
    made = revise(desk, record, [{"text": "<b>Roe</b> & *others* voted."}]).json()
    path = f"/v1/summaries/{made['id']}/text"
    assert "<li>&lt;b&gt;Roe&lt;/b&gt; &amp; *others* voted.</li>" in desk.get(path, params={"form": "html"}).text
    assert "- \\<b>Roe\\</b> & \\*others\\* voted." in desk.get(path, params={"form": "markdown"}).text
    lines = desk.get(path, params={"form": "text"}).text.splitlines()
    assert lines[0] == "<b>Roe</b> & *others* voted." and lines[-1] == made["disclosure"]


@pytest.mark.parametrize(
    ("sent", "code", "detail"),
    [
        ({"text": " "}, 422, "is empty"),
        ({"text": ""}, 422, "is empty"),
        ({}, 422, "one of text, html and markdown"),
        ({"text": TEXT, "html": "<p>x</p>"}, 422, "one of text, html and markdown"),
        ({"html": "<html><body></body></html>"}, 422, "no story was found"),
        ({"text": TEXT, "length": "long"}, 422, "length"),
        ({"text": TEXT, "bullets": 0}, 422, "bullets"),
        ({"text": TEXT, "id": "a\nb"}, 422, "id"),
        ({"text": TEXT, "colour": 1}, 422, "colour"),
        ({"text": "x" * 2_100_000}, 413, "larger than 2,000,000 bytes"),
    ],
)
def test_articles_that_cannot_be_read(desk, sent, code, detail):
    answer = desk.post("/v1/summaries", json=sent)
    assert answer.status_code == code and detail in answer.json()["detail"]
    assert answer.headers["content-type"] == "application/problem+json"


def test_markdown_and_html_are_read(desk):
    markdown = desk.post("/v1/summaries", json={"markdown": f"# {TITLE}\n\n{TEXT}", "policy": "extract"}).json()
    assert markdown["title"] == TITLE and "#" not in markdown["text"]
    paragraphs = "".join(f"<p>{part}</p>" for part in TEXT.split("\n\n"))
    html = desk.post(
        "/v1/summaries", json={"html": f"<html><body><article><h1>{TITLE}</h1>{paragraphs}</article></body>"}
    )
    assert html.status_code == 201 and "<p>" not in html.json()["text"]


def test_a_fault_of_the_desk_is_told_as_one(desk, monkeypatch, caplog):
    def broken():
        raise RuntimeError("no such table")

    monkeypatch.setattr(desk.desk.store, "counts", broken)
    answer = desk.get("/health")
    assert answer.status_code == 500 and answer.headers["content-type"] == "application/problem+json"
    assert "content-security-policy" in answer.headers and "no such table" not in answer.text
    assert "no such table" in caplog.text
    monkeypatch.undo()
    assert 'desk_requests_total{method="GET",route="/health",status="500"} 1.0' in desk.get("/metrics").text


def test_metrics_count_the_lists(desk):
    record = drafted(desk)
    desk.post(f"/v1/summaries/{record['id']}/approve", json={"revision": record["revision"]})
    text = desk.get("/metrics").text
    assert 'desk_summaries{status="approved"} 1.0' in text and "desk_drafts_total 1.0" in text
    assert 'route="/v1/summaries",status="201"' in text.replace('method="POST",', "")


# Every request that the OpenAPI description allows gets a response that it describes.


def test_no_request_breaks_the_desk(base, tmp_path):
    app = create_app(Settings(f"sqlite:///{tmp_path / 'desk.sqlite'}"), base)
    id = app.state.desk.store.add(base(Article(TEXT, TITLE), policy="extract").to_dict(), "a", "cms")[0]["id"]
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)

    for operation in schema.get_all_operations():
        found = operation.ok()

        @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=found.as_strategy())
        def one(case):
            if "id" in case.path_parameters and case.path_parameters["id"] < "k":  # half of them exist
                case.path_parameters["id"] = id
            answer = case.call()
            described = case.operation.definition.raw["responses"]
            assert str(answer.status_code) in {*described, "400", "405"}, (case.as_curl_command(), answer.text)

        one()
