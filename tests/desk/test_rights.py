"""Rights at the desk: users, sessions, keys, and requests from pages of other sites."""

import time

import pytest

from summarizer.desk import auth

from .desk import PASSWORD, article, client, kept, revise


@pytest.fixture
def desk(base, tmp_path):
    with client(base, tmp_path) as made:
        yield made


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
        made.desk.people.put("ann", PASSWORD)
        made.desk.people.put("bob", PASSWORD)
        yield made


def signed_in(desk, name):
    desk.cookies.clear()
    answer = desk.post("/login", data={"name": name, "password": PASSWORD, "to": "/"}, follow_redirects=False)
    assert answer.status_code == 303


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
    signed_in(guarded, "bob")
    assert guarded.request(method, path, json={}).status_code not in (401, 403)
    if method == "POST":
        for sent in (
            {"Origin": "https://elsewhere.example"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ):
            elsewhere = guarded.post(path, json={}, headers=sent)
            assert elsewhere.status_code == 403 and "another site" in elsewhere.json()["detail"]


def test_wrong_passwords_are_slowed_down_and_logged(guarded, caplog, monkeypatch):
    def attempt(password, name="bob"):
        return guarded.post("/login", data={"name": name, "password": password}, follow_redirects=False)

    assert [attempt("wrong password").status_code for _ in range(auth.FREE_ATTEMPTS)] == [401] * auth.FREE_ATTEMPTS
    assert caplog.text.count("wrong password for 'bob' from testclient") == auth.FREE_ATTEMPTS
    early = attempt(PASSWORD)
    assert early.status_code == 429 and early.headers["Retry-After"] == "1" and "Try again in 1 seconds" in early.text
    assert attempt(PASSWORD, "ann").status_code == 429  # from the same address
    later = time.monotonic() + 2
    monkeypatch.setattr(auth, "monotonic", lambda: later)
    assert attempt("wrong password").status_code == 401
    assert attempt(PASSWORD).headers["Retry-After"] == "2"
    monkeypatch.setattr(auth, "monotonic", lambda: later + 2)
    assert attempt(PASSWORD).status_code == 303
    assert attempt("wrong password").status_code == 401  # the right one made an end to it


def test_pages_ask_to_sign_in_and_come_back(guarded):
    answer = guarded.get("/summaries/abc", follow_redirects=False)
    assert answer.status_code == 303 and answer.headers["location"] == "/login?to=/summaries/abc"
    wrong = guarded.post("/login", data={"name": "ann", "password": "wrong", "to": "/"})
    assert wrong.status_code == 401 and "The name or the password is wrong" in wrong.text
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
    for path in ("/", "/new", "/summaries/x"):
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


def test_a_key_is_not_replaced_unasked(guarded):
    people = guarded.desk.people
    secret = people.new_key("cms", "draft")
    with pytest.raises(ValueError, match="there is a key cms"):
        people.new_key("cms", "read")
    assert people.of_key(secret).scopes == {"draft"}
    people.drop_key("cms")
    assert people.of_key(people.new_key("cms", "read")).scopes == {"read"} and people.of_key(secret) is None


def test_secrets_are_not_kept(guarded, tmp_path):
    secret = guarded.desk.people.new_key("cms", "draft")
    signed_in(guarded, "ann")
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("desk.sqlite*"))
    for text in (PASSWORD, secret, guarded.cookies["desk"]):
        assert text.encode() not in kept


def test_a_new_password_ends_the_sessions(guarded):
    signed_in(guarded, "bob")
    guarded.desk.people.put("bob", PASSWORD + "!")
    assert guarded.get("/", follow_redirects=False).status_code == 303


def test_headers_keep_others_out(desk):
    for path in ("/", "/v1/summaries", "/static/desk.js"):
        headers = desk.get(path).headers
        assert "script-src 'self'" in headers["content-security-policy"], path
        assert "unsafe" not in headers["content-security-policy"] and headers["x-content-type-options"] == "nosniff"


def test_a_desk_of_this_machine_answers_to_no_other_name(base, tmp_path):
    with client(base, tmp_path, hosts=("testserver",)) as desk:
        assert desk.get("/health").status_code == 200
        assert desk.get("/health", headers={"Host": "rebound.example"}).status_code == 400


def test_where_nobody_signs_in_programs_and_own_pages_are_heard(desk):
    program = desk.post("/v1/summaries", json=article())
    assert program.status_code == 201
    own, other = ({"Origin": f"http://{host}"} for host in ("testserver", "elsewhere.example"))
    assert desk.post("/v1/summaries", json=article(), headers=own).is_success
    assert desk.post("/v1/summaries", json=article(), headers=other).status_code == 403
    desk.post("/login", data={"name": "Zoë Ng", "to": "/"})
    assert revise(desk, program.json(), kept(program.json())).json()["changed_by"] == "Zoë Ng"
