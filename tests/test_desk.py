"""The desk's API: drafts, versions, decisions, rights, limits; nothing that was acknowledged is lost."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import httpx
import pytest
import schemathesis
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from eval.data import read
from summarizer import Article
from summarizer.desk import store as stores
from summarizer.desk.commands import managing, serving
from summarizer.desk.hooks import signature
from summarizer.desk.service import create_app
from summarizer.desk.settings import Settings
from summarizer.desk.store import ConflictError, Store, StoreError
from training.judged import judged

from .desk import PASSWORD, TEXT, TITLE, article, client, server

ROOT = Path(__file__).parent.parent


@pytest.fixture
def desk(base, tmp_path):
    with client(base, tmp_path) as made:
        yield made


def drafted(desk, **more):
    answer = desk.post("/v1/summaries", json=article(**more))
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def revise(desk, record, bullets, **more):
    return desk.post(
        f"/v1/summaries/{record['id']}/revisions", json={"revision": record["revision"], "bullets": bullets, **more}
    )


def kept(record):
    return [{"id": one["id"], "text": one["text"]} for one in record["bullets"]]


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
    # What was deleted can be put back, and is again what the software wrote.
    back = revise(desk, made, [*kept(made), {"id": gone["id"], "text": gone["text"]}]).json()
    assert back["removed"] == [] and back["bullets"][-1]["draft"] == gone["text"]


@pytest.mark.parametrize(
    ("bullets", "message"),
    [
        ([{"text": "  "}], "bullet 1 says nothing"),
        ([{"id": "b9", "text": "Roe left."}], "the id 'b9' is unknown"),
        ([{"id": "b1", "text": "Roe."}, {"id": "b1", "text": "Roe."}], "the id 'b1' is twice in the list"),
        ([{"text": "Roe left.", "sources": [{"start": 5, "end": 10_000}]}], "there is nothing at 5 to 10000"),
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
    assert refused.status_code == 409 and "only one that is approved can be withdrawn" in refused.json()["detail"]
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
    drafted(desk, id="story-2", text=TEXT + " It rained.")  # a draft is none
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
    bullets[1] |= {"text": "Repairs cost 2.9 million pounds."}  # nobody says why
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
    sources = [{"start": s["start"], "end": s["end"]} for s in record["bullets"][1]["sources"]]
    path = f"/v1/summaries/{record['id']}/wordings"
    found = desk.post(path, json={"sources": sources, "length": "brief"}).json()["wordings"]
    assert len({one["text"] for one in found}) == len(found) > 1
    assert found[-1]["method"] in ("extracted", "named") and found[0]["method"] in ("rewritten", "narrowed")
    assert any(check["kind"] == "verifier" for check in found[0]["checks"])
    far = desk.post(path, json={"sources": [{"start": 90_000, "end": 90_001}]})
    assert far.status_code == 422 and "there is nothing at" in far.json()["detail"]


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


def test_a_request_that_does_not_say_its_size_is_cut_off(base, tmp_path):
    with server(base, tmp_path, largest=50_000) as (address, _):
        sent = (b"x" * 10_000 for _ in range(100))
        answer = httpx.post(f"{address}/v1/summaries", content=sent, headers={"Content-Type": "application/json"})
        assert answer.status_code == 413


def test_markdown_and_html_are_read(desk):
    markdown = desk.post("/v1/summaries", json={"markdown": f"# {TITLE}\n\n{TEXT}", "policy": "extract"}).json()
    assert markdown["title"] == TITLE and "#" not in markdown["text"]
    paragraphs = "".join(f"<p>{part}</p>" for part in TEXT.split("\n\n"))
    html = desk.post(
        "/v1/summaries", json={"html": f"<html><body><article><h1>{TITLE}</h1>{paragraphs}</article></body>"}
    )
    assert html.status_code == 201 and "<p>" not in html.json()["text"]


def test_beyond_its_line_the_desk_says_no(base, tmp_path):
    with client(base, tmp_path, line=0) as desk:
        hold = threading.Event()
        work = desk.desk.work
        work.load.waiting += work._beside
        for _ in range(work._beside):
            work._pool.submit(work._timed, hold.wait)
        time.sleep(0.2)
        answer = desk.post("/v1/summaries", json=article())
        assert answer.status_code == 503 and int(answer.headers["retry-after"]) >= 1
        assert desk.get("/health").json()["running"] == work._beside
        hold.set()
        time.sleep(0.2)
        assert desk.post("/v1/summaries", json=article()).status_code == 201


def test_an_article_that_takes_too_long(base, tmp_path):
    with client(base, tmp_path, seconds=0.000001) as desk:
        answer = desk.post("/v1/summaries", json=article())
        assert answer.status_code == 504 and "took longer" in answer.json()["detail"]


# Who may do what.

ROUTES = [
    ("POST", "/v1/summaries", "draft"),
    ("GET", "/v1/summaries", "read"),
    ("GET", "/v1/summaries/x", "read"),
    ("GET", "/v1/summaries/x/revisions/1", "read"),
    ("GET", "/v1/summaries/x/text", "read"),
    ("GET", "/v1/export", "read"),
    ("POST", "/v1/check", "draft"),
    ("POST", "/v1/summaries/x/revisions", "decide"),
    ("POST", "/v1/summaries/x/approve", "decide"),
    ("POST", "/v1/summaries/x/reject", "decide"),
    ("POST", "/v1/summaries/x/withdraw", "decide"),
    ("POST", "/v1/summaries/x/wordings", "decide"),
    ("POST", "/v1/summaries/x/open", "decide"),
]
OPEN = {"/health", "/metrics"}


@pytest.fixture
def guarded(base, tmp_path):
    with client(base, tmp_path, guests=False) as made:
        made.desk.people.put("ann", "admin", PASSWORD)
        made.desk.people.put("bob", "editor", PASSWORD)
        yield made


def signed_in(desk, name):
    desk.cookies.clear()
    answer = desk.post("/login", data={"name": name, "password": PASSWORD, "to": "/"}, follow_redirects=False)
    assert answer.status_code == 303
    return {"X-CSRF-Token": desk.desk.people.of_session(desk.cookies["desk"]).csrf}


def test_every_route_is_in_the_table(guarded):
    paths = guarded.get("/openapi.json").json()["paths"]
    known = {(method, path.replace("/x", "/{id}").replace("/1", "/{number}").replace("/v{number}", "/v1"))
             for method, path, _ in ROUTES}  # fmt: skip
    found = {(method.upper(), path) for path, methods in paths.items() for method in methods if path not in OPEN}
    assert found == known


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES)
def test_rights(guarded, method, path, scope):
    nobody = guarded.request(method, path, json={})
    assert nobody.status_code == 401 and "sign in" in nobody.json()["detail"]
    assert guarded.request(method, path, headers={"Authorization": "Bearer desk_wrong"}).status_code == 401
    for own in ("draft", "read", "decide"):
        secret = guarded.desk.people.new_key(own, own)
        answer = guarded.request(method, path, json={}, headers={"Authorization": f"Bearer {secret}"})
        assert (answer.status_code == 403) == (own != scope), (own, answer.text)
    token = signed_in(guarded, "bob")
    assert guarded.request(method, path, json={}, headers=token).status_code not in (401, 403)
    if method == "POST":
        assert guarded.post(path, json={}).status_code == 403  # without the page's token
        assert guarded.post(path, json={}, headers={"X-CSRF-Token": "x"}).status_code == 403
        elsewhere = guarded.post(path, json={}, headers=token | {"Origin": "https://elsewhere.example"})
        assert elsewhere.status_code == 403 and "another site" in elsewhere.json()["detail"]


def test_pages_ask_to_sign_in_and_come_back(guarded):
    answer = guarded.get("/summaries/abc", follow_redirects=False)
    assert answer.status_code == 303 and answer.headers["location"] == "/login?to=/summaries/abc"
    wrong = guarded.post("/login", data={"name": "ann", "password": "wrong", "to": "/"})
    assert wrong.status_code == 401 and "no such user with this password" in wrong.text
    back = guarded.post(
        "/login", data={"name": "ann", "password": PASSWORD, "to": "//elsewhere.example/"}, follow_redirects=False
    )
    assert back.headers["location"] == "/"
    cookie = back.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie
    assert guarded.get("/").status_code == 200
    guarded.post("/logout", follow_redirects=False)
    assert guarded.get("/", follow_redirects=False).status_code == 303


def test_pages_are_for_people_and_not_for_keys(guarded):
    secret = guarded.desk.people.new_key("all", "draft read decide")
    for path in ("/", "/stats", "/new", "/summaries/x", "/people"):
        assert guarded.get(path, headers={"Authorization": f"Bearer {secret}"}).status_code == 403, path


def test_a_key_that_may_not_read_sends_the_article_itself(guarded):
    secret = guarded.desk.people.new_key("cms", "draft")
    answer = guarded.post(
        "/v1/check", json={"summary": "x", "point": "Roe."}, headers={"Authorization": f"Bearer {secret}"}
    )
    assert answer.status_code == 403 and "send the article itself" in answer.json()["detail"]


@pytest.mark.parametrize("origin", ["http://[", "null", "https://elsewhere.example", "http://testserver.example"])
def test_what_comes_from_elsewhere_is_refused(guarded, origin):
    data = {"name": "ann", "password": PASSWORD}
    assert guarded.post("/login", data=data, headers={"Origin": origin}).status_code == 403


def test_a_browser_gets_a_page_that_says_what_is_wrong(desk):
    answer = desk.get("/summaries/nobody", headers={"Accept": "text/html"})
    assert answer.status_code == 404 and "<h1>" in answer.text and "There is no summary nobody." in answer.text


def test_only_an_admin_manages_people(guarded):
    signed_in(guarded, "bob")
    assert guarded.get("/people").status_code == 403
    token = signed_in(guarded, "ann")["X-CSRF-Token"]
    user = {"action": "put user", "name": "cy", "role": "editor", "password": PASSWORD}
    assert guarded.post("/people", data=user).status_code == 403
    assert "cy" not in guarded.desk.store.users()
    assert "cy can sign in" in guarded.post("/people", data=user | {"csrf": token}).text
    short = guarded.post("/people", data=user | {"csrf": token, "password": "short"})
    assert "at least 12 characters" in short.text
    key = guarded.post("/people", data={"action": "new key", "name": "cms", "scopes": ["draft"], "csrf": token}).text
    secret = key.split("<code>")[1].split("</code>")[0]
    assert guarded.desk.people.of_key(secret).scopes == {"draft"}
    guarded.post("/people", data={"action": "drop key", "name": "cms", "csrf": token})
    assert guarded.desk.people.of_key(secret) is None
    assert (
        "cannot remove yourself"
        in guarded.post("/people", data={"action": "drop user", "name": "ann", "csrf": token}).text
    )
    guarded.post("/people", data={"action": "drop user", "name": "cy", "csrf": token})
    assert set(guarded.desk.store.users()) == {"ann", "bob"}


def test_secrets_are_not_kept(guarded, tmp_path):
    secret = guarded.desk.people.new_key("cms", "draft")
    signed_in(guarded, "ann")
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("desk.sqlite*"))
    for text in (PASSWORD, secret, guarded.cookies["desk"]):
        assert text.encode() not in kept


def test_a_new_password_ends_the_sessions(guarded):
    signed_in(guarded, "bob")
    guarded.desk.people.put("bob", "editor", PASSWORD + "!")
    assert guarded.get("/", follow_redirects=False).status_code == 303


def test_headers_keep_others_out(desk):
    for path in ("/", "/docs", "/v1/summaries", "/static/desk.js"):
        headers = desk.get(path).headers
        assert "script-src 'self'" in headers["content-security-policy"], path
        assert "unsafe" not in headers["content-security-policy"] and headers["x-content-type-options"] == "nosniff"


def test_a_desk_of_this_machine_answers_to_no_other_name(base, tmp_path):
    with client(base, tmp_path, hosts=("testserver",)) as desk:
        assert desk.get("/health").status_code == 200
        assert desk.get("/health", headers={"Host": "rebound.example"}).status_code == 400


def test_where_nobody_signs_in_a_page_still_needs_its_token(desk):
    program = desk.post("/v1/summaries", json=article())
    assert program.status_code == 201
    page = {"Origin": "http://testserver"}
    assert desk.post("/v1/summaries", json=article(), headers=page).status_code == 403
    assert desk.post("/v1/summaries", json=article(), headers=page | {"X-CSRF-Token": desk.desk.guest_csrf}).is_success
    desk.post("/login", data={"name": "Zoë Ng", "to": "/"})
    assert revise(desk, program.json(), kept(program.json())).json()["changed_by"] == "Zoë Ng"


# Nothing is lost.


def test_only_one_of_many_versions_from_the_same_one_wins(tmp_path, base, story):
    store = Store(f"sqlite:///{tmp_path / 'desk.sqlite'}")
    record = base(story, policy="extract").to_dict()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda i: store.add(record, "a", f"cms {i}"), range(8)))
    assert len({one["id"] for one, _ in found}) == 1 and sum(new for _, new in found) == 1

    def change(i):
        try:
            store.change(found[0][0]["id"], 1, f"editor {i}", "revised", [{"id": "b1", "text": f"by {i}"}])
        except ConflictError:
            return None
        return i

    with ThreadPoolExecutor(8) as pool:
        won = [i for i in pool.map(change, range(8)) if i is not None]
    assert len(won) == 1
    assert store.get(found[0][0]["id"])["bullets"][0]["text"] == f"by {won[0]}"


def test_what_was_acknowledged_survives_a_kill(tmp_path, base, story):
    """Another process writes versions, and says so after each; it is killed in the middle of it, three times."""
    url = f"sqlite:///{tmp_path / 'desk.sqlite'}"
    store = Store(url)
    id = store.add(base(story, policy="extract").to_dict(), "a", "cms")[0]["id"]
    writes = (
        "import sys; from summarizer.desk.store import Store\n"
        f"store = Store({url!r}); id = {id!r}\n"
        "at = store.get(id)['revision']\n"
        "while True:\n"
        "    at = store.change(id, at, 'ann', 'revised', [{'id': 'b1', 'text': str(at)}])['revision']\n"
        "    print(at, flush=True)\n"
    )
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", writes], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        said = [int(process.stdout.readline()) for _ in range(15)]
        process.send_signal(signal.SIGKILL)
        said += [int(line) for line in process.stdout.read().split()]
        process.wait()
        history = store.history(id)
        assert len(history) >= said[-1] and [one.number for one in history] == list(range(1, len(history) + 1))
        assert store.get(id)["revision"] == len(history)


def test_the_store_of_a_newer_version_is_refused(tmp_path):
    url = f"sqlite:///{tmp_path / 'desk.sqlite'}"
    Store(url).close()
    Store(url).close()  # opens again
    with sa.create_engine(url).begin() as db:
        db.execute(sa.text("UPDATE meta SET value = '99' WHERE name = 'schema'"))
    with pytest.raises(StoreError, match="made by a newer version"):
        Store(url)


def test_a_database_that_cannot_be_opened_is_named(tmp_path):
    with pytest.raises(StoreError, match="cannot be used"):
        Store(f"sqlite:///{tmp_path / 'nowhere' / 'desk.sqlite'}")


# The webhook.


class _Cms(BaseHTTPRequestHandler):
    answers: ClassVar[list[int]] = []
    calls: ClassVar[list[tuple[dict, bytes]]] = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.calls.append((dict(self.headers), body))
        self.send_response(self.answers.pop(0) if self.answers else 204)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_the_webhook_is_signed_and_tried_again(base, tmp_path, monkeypatch):
    monkeypatch.setattr("summarizer.desk.hooks._PAUSE", 0.05)
    monkeypatch.setattr("summarizer.desk.hooks._FIRST", 0.1)
    _Cms.calls, _Cms.answers = [], [500, 302]
    cms = HTTPServer(("127.0.0.1", 0), _Cms)
    threading.Thread(target=cms.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{cms.server_port}/hook"
    with client(base, tmp_path, webhook=address, secret="a secret of the two") as desk:
        record = drafted(desk)
        desk.post(f"/v1/summaries/{record['id']}/approve", json={"revision": 1})
        ends = time.monotonic() + 10
        while len(_Cms.calls) < 3 and time.monotonic() < ends:
            time.sleep(0.05)
        time.sleep(0.3)
        assert desk.desk.store.due_calls() == [] and desk.desk.store.failed_calls() == 0
    cms.shutdown()
    assert len(_Cms.calls) == 3 and len({headers["Desk-Delivery"] for headers, _ in _Cms.calls}) == 1
    headers, body = _Cms.calls[-1]
    at, signed = headers["Desk-Signature"].split(",")
    assert signed == "sha256=" + signature("a secret of the two", at.removeprefix("t="), body.decode())
    sent = json.loads(body)
    assert sent["event"] == "approved" and sent["summary"]["status"] == "approved"


def test_the_webhook_hears_of_one_list_in_order(tmp_path, base, story):
    store = Store(f"sqlite:///{tmp_path / 'desk.sqlite'}")
    id = store.add(base(story, policy="extract").to_dict(), "a", "cms")[0]["id"]
    store.change(id, 1, "ann", "approved", event="approved")
    store.change(id, 2, "ann", "withdrawn", event="withdrawn")
    (first,) = store.due_calls()
    store.called(first.id, "no answer", again=stores.stamp(datetime.now(UTC) + timedelta(hours=1)))
    assert first.event == "approved" and store.due_calls() == []
    store.called(first.id)
    assert [call.event for call in store.due_calls()] == ["withdrawn"]


def test_a_revision_of_an_approved_list_withdraws_it(base, tmp_path):
    with client(base, tmp_path, webhook="http://127.0.0.1:9/", secret="x") as desk:
        record = drafted(desk)
        approved = desk.post(f"/v1/summaries/{record['id']}/approve", json={"revision": 1}).json()
        revise(desk, approved, kept(record)[:1])
        with desk.desk.store._engine.connect() as db:
            events = [row[0] for row in db.execute(sa.text("SELECT event FROM calls ORDER BY number"))]
        assert events == ["approved", "withdrawn"]


def test_a_call_that_is_given_up_is_counted(tmp_path, base, story):
    store = Store(f"sqlite:///{tmp_path / 'desk.sqlite'}")
    id = store.add(base(story, policy="extract").to_dict(), "a", "cms")[0]["id"]
    store.change(id, 1, "ann", "approved", event="approved")
    (call,) = store.due_calls()
    store.called(call.id, "no answer", again=stores.stamp(datetime.now(UTC)))
    (again,) = store.due_calls()
    assert again.tries == 1 and again.id == call.id
    store.called(call.id, "no answer")
    assert store.due_calls() == [] and store.failed_calls() == 1


# Figures.


def test_how_the_model_does(desk):
    record = drafted(desk)
    bullets = kept(record)
    bullets.pop()
    bullets[0] |= {"text": "The council voted on Monday to keep the baths.", "reason": "leaning"}
    made = revise(desk, record, [*bullets, {"text": "A pool company had offered 6 million pounds."}]).json()
    desk.post(f"/v1/summaries/{record['id']}/approve", json={"revision": made["revision"]})
    page = desk.get("/stats").text
    untouched = len(record["bullets"]) - 2
    assert f"{100 * untouched / len(record['bullets']):.0f}%" in page and "leaning" in page
    text = desk.get("/metrics").text
    assert 'desk_summaries{status="approved"} 1.0' in text and "desk_drafts_total 1.0" in text
    assert 'route="/v1/summaries",status="201"' in text.replace('method="POST",', "")


# Every request that the description allows gets an answer that it describes.


def test_no_request_breaks_the_desk(base, tmp_path):
    app = create_app(Settings(f"sqlite:///{tmp_path / 'desk.sqlite'}", guests=True), base)
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


# The command.


def run(*args, stdin=None):
    return CliRunner().invoke(serving if args[0] == "serve" else managing, list(args[1:]), input=stdin)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--host", "0.0.0.0"], "has no users"),
        (["--behind-tls-proxy"], "has no users"),
        (["--allowed-host", "desk.example.org"], "has no users"),
        (["--database", "nonsense"], "a database is named as in sqlite"),
        (["--database", "nodb://here/x"], "nodb"),
        (["--certificate", "a.pem"], "go together"),
        (["--webhook", "http://127.0.0.1:1/"], "SUMMARIZE_WEBHOOK_SECRET"),
        (["--database", "sqlite:////nowhere/at/all.sqlite"], "cannot be used"),
        (["--model", "nowhere/at/all/x"], "nowhere"),
    ],
)
def test_a_desk_that_will_not_start(tmp_path, monkeypatch, flags, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SUMMARIZE_WEBHOOK_SECRET", raising=False)
    done = run("serve", *flags)
    assert done.exit_code == 2 and message in done.output and isinstance(done.exception, SystemExit)


def test_beyond_this_machine_it_wants_users_and_tls(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    added = run("desk", "user", "add", "ann", "--role", "admin", stdin=f"{PASSWORD}\n")
    assert added.exit_code == 0, added.output
    done = run("serve", "--host", "0.0.0.0")
    assert done.exit_code == 2 and "nothing is encrypted" in done.output
    assert run("desk", "user", "list").output == "ann\tadmin\n"
    key = run("desk", "key", "add", "cms", "--scopes", "draft")
    assert key.output.startswith("desk_") and run("desk", "key", "list").output == "cms\tdraft\n"
    assert run("desk", "key", "add", "cms", "--scopes", "fly").exit_code == 2
    assert run("desk", "user", "remove", "bob").exit_code == 2 and run("desk", "user", "remove", "ann").exit_code == 0


def test_the_real_server_drafts_and_stops(tmp_path):
    """The command as a user starts it, with an article, and Ctrl+C."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "baths.txt").write_text(f"{TITLE}\n\n{TEXT}", "utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "summarizer", "serve", "--port", "0", "--load", "in"],
        cwd=tmp_path, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        line = process.stdout.readline()
        address = line.split("the desk is at ")[1].split(" ")[0]
        entries = httpx.get(f"{address}/v1/summaries").json()["summaries"]
        assert {one["length"] for one in entries} == {"standard", "brief"} and entries[0]["title"] == TITLE
        assert TITLE in httpx.get(f"{address}/").text
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) in (0, 130, -signal.SIGINT)
