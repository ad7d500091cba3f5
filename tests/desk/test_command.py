"""`summarize serve` and `summarize desk`, as a user starts them."""

import os
import signal
import subprocess
import sys
import time
from socket import create_server

import httpx
import pytest
from typer.testing import CliRunner

from summarizer.desk.commands import managing, serving

from ..articles import ROOT
from .desk import TEXT, TITLE


def run(*args):
    return CliRunner().invoke(serving if args[0] == "serve" else managing, list(args[1:]))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--host", "0.0.0.0"], "let a proxy such as nginx handle TLS and sign-in"),
        (["--allowed-host", "desk.example.org"], "let a proxy such as nginx handle TLS and sign-in"),
        (["--user-header", "X-Desk-User", "--editor", "ann"], "the proxy names the users"),
        (["--editor", "key cms"], "must not begin"),
        (["--database", "nonsense"], "pass a database URL such as sqlite"),
        (["--database", "nodb://here/x"], "nodb"),
        (["--webhook", "http://127.0.0.1:1/"], "SUMMARIZE_WEBHOOK_SECRET"),
        (["--database", "sqlite:////nowhere/at/all.sqlite"], "cannot be used"),
        (["--model", "nowhere/at/all/x"], "nowhere"),
        (["--time-limit", "0"], "above 0"),
        (["--load", "nowhere"], "there is no folder nowhere to load"),
    ],
)
def test_a_desk_that_will_not_start(tmp_path, monkeypatch, flags, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SUMMARIZE_WEBHOOK_SECRET", raising=False)
    done = run("serve", *flags)
    assert done.exit_code == 2 and message in done.output and isinstance(done.exception, SystemExit)


def test_keys(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    key = run("desk", "key", "add", "cms", "--scopes", "draft")
    assert key.output.startswith("desk_") and run("desk", "key", "list").output == "cms\tdraft\n"
    assert run("desk", "key", "add", "cms", "--scopes", "fly").exit_code == 2
    assert run("desk", "key", "remove", "dms").exit_code == 2 and run("desk", "key", "remove", "cms").exit_code == 0


def test_the_real_server_drafts_and_stops(tmp_path):
    """Starts the command as a user does, with an article, and stops it with Ctrl+C."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "baths.txt").write_text(f"{TITLE}\n\n{TEXT}", "utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "summarizer", "serve", "--port", "0", "--load", "in", "--editor", "Ann Roe"],
        cwd=tmp_path, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        line = process.stdout.readline()
        address = line.split("the desk is at ")[1].split(" ")[0]
        while len(entries := httpx.get(f"{address}/v1/summaries").json()["summaries"]) < 2:
            time.sleep(0.1)
        assert {one["length"] for one in entries} == {"standard", "brief"} and entries[0]["title"] == TITLE
        page = httpx.get(f"{address}/").text
        assert TITLE in page and "Ann Roe" in page
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) in (0, 130, -signal.SIGINT)


def test_a_port_in_use_is_told_before_the_model_is_loaded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("serve", "--port", str(port))
    assert done.exit_code == 2 and f"cannot listen on port {port} of 127.0.0.1" in done.output
    assert "loading" not in done.output


def test_nothing_is_exported_from_a_database_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("desk", "export", "-o", "a.jsonl")
    assert done.exit_code == 2 and "there is no database desk.sqlite" in done.output
    assert not list(tmp_path.iterdir())
