"""Rights at the desk: users whom a proxy names, keys, and requests from pages of other sites."""

import pytest

from .desk import article, as_user, client, kept, revise


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
    with client(base, tmp_path, user_header="X-Desk-User") as made:
        yield made


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
        secret = guarded.desk.keys.new(own, own)
        answer = guarded.request(method, path, json={}, headers={"Authorization": f"Bearer {secret}"})
        assert (answer.status_code == 403) == (own != scope), (own, answer.text)
    assert guarded.request(method, path, json={}, headers=as_user("bob")).status_code not in (401, 403)
    if method == "POST":
        for sent in (
            {"Origin": "https://elsewhere.example"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ):
            elsewhere = guarded.post(path, json={}, headers=as_user("bob") | sent)
            assert elsewhere.status_code == 403 and "another site" in elsewhere.json()["detail"]


@pytest.mark.parametrize("name", [None, "", "key cms", "a\tb", "x" * 101])
def test_pages_need_a_name(guarded, name):
    for path in ("/", "/new", "/summaries/abc", "/summaries/abc/next"):
        sent = {"Accept": "text/html"} | ({} if name is None else as_user(name))
        answer = guarded.get(path, headers=sent, follow_redirects=False)
        assert answer.status_code == 401 and "The proxy named no user" in answer.text, path
    assert guarded.get("/", headers=as_user("bob")).status_code == 200


def test_pages_are_for_people_and_not_for_keys(guarded):
    secret = guarded.desk.keys.new("all", "draft read decide")
    for path in ("/", "/new", "/summaries/x"):
        assert guarded.get(path, headers={"Authorization": f"Bearer {secret}"}).status_code == 403, path


def test_a_key_that_may_not_read_sends_the_article_itself(guarded):
    secret = guarded.desk.keys.new("cms", "draft")
    answer = guarded.post(
        "/v1/check", json={"summary": "x", "point": "Roe."}, headers={"Authorization": f"Bearer {secret}"}
    )
    assert answer.status_code == 403 and "send the article itself" in answer.json()["detail"]


@pytest.mark.parametrize("origin", ["http://[", "null", "https://elsewhere.example", "http://testserver.example"])
def test_what_comes_from_elsewhere_is_refused(desk, origin):
    assert desk.post("/v1/summaries", json=article(), headers={"Origin": origin}).status_code == 403


def test_a_browser_gets_a_page_that_says_what_is_wrong(desk):
    answer = desk.get("/summaries/nobody", headers={"Accept": "text/html"})
    assert answer.status_code == 404 and "<h1>" in answer.text and "There is no summary nobody." in answer.text


def test_a_key_is_not_replaced_unasked(guarded):
    keys = guarded.desk.keys
    secret = keys.new("cms", "draft")
    with pytest.raises(ValueError, match="there is a key cms"):
        keys.new("cms", "read")
    assert keys.of(secret).scopes == {"draft"}
    keys.drop("cms")
    assert keys.of(keys.new("cms", "read")).scopes == {"read"} and keys.of(secret) is None


def test_secrets_are_not_kept(guarded, tmp_path):
    secret = guarded.desk.keys.new("cms", "draft")
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("desk.sqlite*"))
    assert b"cms" in kept and secret.encode() not in kept


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
    assert revise(desk, program.json(), kept(program.json())).json()["changed_by"] == "editor"


def test_versions_have_the_name_that_the_proxy_sent(guarded):
    guarded.headers |= as_user("Zoë Ng".encode())
    record = guarded.post("/v1/summaries", json=article()).json()
    assert revise(guarded, record, kept(record)).json()["changed_by"] == "Zoë Ng"
