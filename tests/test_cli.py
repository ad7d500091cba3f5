import json
import subprocess
import sys

import pytest

from .articles import EXAMPLES, STORY


def run(*args, stdin=b""):
    return subprocess.run(
        [sys.executable, "-m", "summarizer", *map(str, args)], input=stdin, capture_output=True, check=False
    )


@pytest.fixture
def article(tmp_path):
    path = tmp_path / "story.txt"
    path.write_text(STORY)
    return path


def test_markdown_by_default_and_nothing_on_stderr(article):
    done = run(article)
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 0 and done.stderr == b""
    assert len(lines) == 3 and all(line.startswith("- ") for line in lines)


def test_warnings_go_to_stderr(article):
    done = run(article, "--bullets", 40)
    assert done.returncode == 0 and b"warning: " in done.stderr and b"40 bullets were asked for" in done.stderr
    assert b"warning" not in done.stdout


def test_formats_and_options(article):
    text = run(article, "--format", "text", "--bullets", 2, "--length", "brief").stdout.decode()
    assert len(text.splitlines()) == 2
    record = json.loads(run(article, "-f", "json", "-b", "1").stdout)
    (bullet,) = record["bullets"]
    (source, *_) = bullet["sources"]
    assert STORY[source["start"] : source["end"]] == source["text"]
    page = run(article, "-f", "html").stdout.decode()
    assert page.startswith("<!doctype html>") and "<mark" in page and "<script" not in page


def test_standard_input_in_any_locale(article, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    done = run("-", "-f", "text", stdin="Das Café schließt am Montag, sagte der Bürgermeister.".encode())
    assert done.stdout.decode().strip() == "Das Café schließt am Montag, sagte der Bürgermeister."


def test_standard_input_may_be_json():
    done = run("-", "-f", "json", stdin=json.dumps({"text": STORY, "title": "Baths stay"}).encode())
    record = json.loads(done.stdout)
    assert record["title"] == "Baths stay" and not any("{" in bullet["text"] for bullet in record["bullets"])


def test_html_without_its_extra_is_an_error_that_names_it(article, tmp_path):
    (tmp_path / "page.html").write_text("<html><body><p>The council voted.</p></body></html>")
    code = "import sys; sys.modules['trafilatura'] = None; from summarizer.cli import main; main()"
    command = [sys.executable, "-c", code, str(tmp_path / "page.html"), str(article)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "pip install '.[html]'" in done.stderr and "Traceback" not in done.stderr
    assert f"== {article}" in done.stdout


def test_a_bad_file_is_named_and_the_others_are_printed(article, tmp_path):
    (tmp_path / "empty.txt").write_text("")
    done = run(tmp_path / "no.txt", tmp_path / "empty.txt", article)
    assert done.returncode == 1
    assert "no.txt: No such file" in done.stderr.decode() and "empty.txt: is empty" in done.stderr.decode()
    assert f"== {article}" in done.stdout.decode()
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "Missing argument"),
        (["story.txt", "--bullets", "0"], "bullets must be"),
        (["story.txt", "--bullets", "many"], "bullets must be"),
        (["story.txt", "--length", "long"], "--length"),
        (["story.txt", "--model", "nowhere"], "no model 'nowhere'"),
        (["a.txt", "b.txt", "--format", "html"], "one file"),
    ],
)
def test_wrong_use(args, message):
    done = run(*args)
    assert done.returncode == 2 and done.stdout == b""
    assert message in done.stderr.decode() and b"Traceback" not in done.stderr


def test_examples_on_the_command_line():
    done = run(*EXAMPLES, "-f", "json", "--policy", "extract")
    assert done.returncode == 0 and len(done.stdout.splitlines()) == len(EXAMPLES)
