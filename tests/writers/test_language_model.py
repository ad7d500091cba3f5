"""A language model writes the points: it is asked for each from the chosen sentences, and what it writes is checked."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summarizer import BatchError, ModelError, Summarizer, TimeLimitError, WriterError, WriterOptions, run_batch
from summarizer.points import Task
from summarizer.writers import messages
from summarizer.writers import server as module
from summarizer.writers.language_model import texts

from ..articles import STORY, archive, written
from .chat_server import KEY, MODEL, chat_server, sentences_of


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(module, "PAUSE", 0.01)
    monkeypatch.setattr(module, "MAX_TOKENS", 60)


def with_writer(address, **more):
    return Summarizer.from_pretrained(threads=1, writer=WriterOptions(address, MODEL, **more))


def copying(body):
    """The first of the sentences."""
    return sentences_of(body).split(". ")[0].rstrip(".") + "."


def test_it_is_asked_for_each_point_and_what_it_writes_is_shown():
    asked = []

    def answer(body):
        asked.append(body)
        return "<think>Who is meant?</think>\n1. **" + copying(body)[:-1] + ", it was said.**"

    with chat_server(answer) as address, with_writer(address) as summarizer:
        summary = summarizer(STORY, bullets=3, policy="flag")
    assert summary.writer == MODEL and MODEL in summary.disclosure
    assert summary.to_dict()["model"]["writer"] == MODEL
    assert {bullet.method for bullet in summary} <= {"generated", "extracted"}
    points = [body for body in asked if "Sentences:" in body["messages"][-1]["content"]]
    assert len(points) >= 3 and all(STORY.split("\n")[0] in body["messages"][0]["content"] for body in points)
    assert all("14 to 34 words" in body["messages"][0]["content"] for body in points)
    for bullet in summary:
        assert "think" not in bullet.text and "*" not in bullet.text
        assert all(summary.article.text[span.start : span.end] == span.text for span in bullet.sources)


def test_what_the_article_does_not_say_is_not_shown():
    with (
        chat_server(
            lambda body: "Mayor Zoe Quill resigned on Friday after 14,000 votes were lost in the town of Arle."
        ) as address,
        with_writer(address) as summarizer,
    ):
        checked = summarizer(STORY, bullets=3)
        flagged = summarizer(STORY, bullets=3, policy="flag")
    assert not any("Quill" in bullet.text for bullet in checked)
    shown = [bullet for bullet in flagged if "Quill" in bullet.text]
    assert shown and all(bullet.method == "generated" and bullet.failed for bullet in shown)
    assert "generated" not in {bullet.method for bullet in checked} and MODEL not in checked.disclosure


def test_a_guide_of_your_own_and_other_wordings(tmp_path):
    asked = []

    def answer(body):
        asked.append(body["messages"][0]["content"])
        return "\n".join([copying(body), "- " + copying(body)[:-1] + ", the council said."])

    guide = tmp_path / "guide.md"
    guide.write_text("House style: {words} words.")
    with chat_server(answer) as address, with_writer(address, guide=str(guide)) as summarizer:
        found = summarizer(STORY, bullets=1, length="brief")
        summarizer.wordings(STORY, found.bullets[0].sources)
    assert asked[1].startswith("House style: 8 to 16 words.\n\n")
    assert asked[-1].startswith("House style: 14 to 34 words.\nGive 3 different versions")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "other"}, "no chat API or no model 'other' .*not found"),
        ({"model": ""}, "the name of the model .* is missing"),
        ({"guide": "/nowhere.md"}, "the guide /nowhere.md cannot be read"),
        ({"writer": "http://ann:secret@127.0.0.1:9/v1"}, r"http://127\.0\.0\.1:9/v1 cannot be reached"),
    ],
)
def test_what_is_wrong_is_said_before_the_first_article(options, message):
    def answer(body):
        return "OK."

    with chat_server(answer) as address:
        given = {"writer": address, "model": MODEL} | options
        with pytest.raises(WriterError, match=message):
            Summarizer.from_pretrained(writer=WriterOptions(**given))


def test_the_key_comes_from_the_environment_and_appears_nowhere(monkeypatch):
    with chat_server(copying, key=KEY) as address:
        with pytest.raises(WriterError, match="refuses the key in SUMMARIZE_WRITER_KEY"):
            with_writer(address)
        monkeypatch.setenv("SUMMARIZE_WRITER_KEY", KEY)
        with with_writer(address) as summarizer:
            assert KEY not in summarizer(STORY).to_json()
        monkeypatch.setenv("SUMMARIZE_WRITER_KEY", "a\nb")
        with pytest.raises(WriterError, match="SUMMARIZE_WRITER_KEY has characters") as error:
            with_writer(address)
        assert "a\nb" not in str(error.value)


def test_a_busy_server_is_asked_again():
    calls = []

    def answer(body):
        calls.append(body)
        return copying(body) if len(calls) % 3 == 1 else (503, {"error": "loading"}, [("Retry-After", "0")])

    with chat_server(answer) as address, with_writer(address) as summarizer:
        assert not summarizer(STORY, bullets=2).warnings
    assert len(calls) > 4


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((400, {"error": {"message": "context length exceeded"}}), "status 400: context length exceeded"),
        ((200, {"choices": []}), "has no text"),
        (" \n", "answered without a text"),
    ],
)
def test_an_answer_without_a_text_is_recorded(answer, message):
    calls = []

    def first_fine(body):
        calls.append(body)
        return "OK." if len(calls) == 1 else answer

    with chat_server(first_fine) as address, with_writer(address) as summarizer:
        summary = summarizer(STORY, bullets=3)
    assert len(summary) == 3 and not any(bullet.method == "generated" for bullet in summary)
    (warning,) = summary.warnings
    assert "did not write" in warning and message in warning


def failing_after(count):
    calls = []

    def answer(body):
        calls.append(body)
        return copying(body) if len(calls) <= count else (500, {"error": "out of memory"})

    return answer


def test_a_server_that_is_gone_stops_an_archive_which_goes_on_later(tmp_path):
    rows = archive(5)
    source = written(tmp_path / "articles.jsonl", rows)
    out = tmp_path / "out.jsonl"

    def gone_after_two(body):
        later = any(row["article"][:200] in body["messages"][-1]["content"] for row in rows[2:])
        return (500, {"error": "out of memory"}) if later else copying(body)

    gone = r"line 3 .*cannot be reached: status 500: out of memory.* same command"
    with chat_server(gone_after_two) as address, pytest.raises(BatchError, match=gone):
        run_batch(source, out, threads=1, writer=WriterOptions(address, MODEL), bullets=3)
    assert len(out.read_text().splitlines()) == 2
    with chat_server(copying) as address:
        report = run_batch(source, out, threads=1, writer=WriterOptions(address, MODEL), bullets=3)
        records = [json.loads(line) for line in out.read_text().splitlines()]
        assert [one["id"] for one in records] == [str(row["id"]) for row in rows]
        assert report.errors == 0 and all(one["model"]["writer"] == MODEL for one in records)
        with pytest.raises(BatchError, match="writer"):
            run_batch(source, out, threads=1, bullets=3)


def test_the_shipped_rewriter_may_stand_in():
    with chat_server(failing_after(1)) as address, with_writer(address, fallback=True) as summarizer:
        summary = summarizer(STORY, bullets=3, policy="flag")
    assert "cannot be reached: status 500: out of memory" in summary.warnings[0]
    assert "generated" not in {bullet.method for bullet in summary}
    with with_writer("http://127.0.0.1:9/v1", fallback=True) as summarizer:  # gone from the start
        assert "cannot be reached" in summarizer(STORY, bullets=2).warnings[0]
    with chat_server(copying, key=KEY) as address, pytest.raises(WriterError, match="refuses the key"):
        with_writer(address, fallback=True)


def test_a_server_without_credit_stops_and_a_refused_text_does_not():
    answers = {402: "refuses the key .*no credit", 403: None}
    for status, message in answers.items():
        calls = []

        def answer(body, calls=calls, status=status):
            calls.append(body)
            return "OK." if len(calls) == 1 else (status, {"error": {"message": "no credit"}})

        with chat_server(answer) as address, with_writer(address) as summarizer:
            if message:
                with pytest.raises(WriterError, match=message):
                    summarizer(STORY, bullets=2)
            else:
                assert "status 403: no credit" in summarizer(STORY, bullets=2).warnings[0]


def test_with_a_time_limit_a_server_that_is_gone_is_still_one():
    with chat_server(failing_after(1)) as address, with_writer(address) as summarizer:
        outcome = next(summarizer.stream([STORY], time_limit=20, on_error="yield"))
    assert isinstance(outcome, WriterError) and "status 500" in str(outcome)


def test_the_time_limit_holds():
    def answer(body):
        if "Sentences:" in body["messages"][-1]["content"]:
            time.sleep(3)
        return "OK."

    with chat_server(answer) as address, with_writer(address) as summarizer, pytest.raises(TimeLimitError):
        summarizer(STORY, time_limit=1)


def test_thoughts_are_not_texts():
    assert texts("Who is meant?\n</think>\n\nThe council met.") == ["The council met."]
    assert texts("<think>Who is") == [] and texts("The council met.\n<think>Or not") == ["The council met."]


@given(st.text())
def test_any_answer_is_read_as_lines(answer):
    for text in texts(answer):
        assert text == " ".join(text.split()) and text.rstrip("\"'”’").endswith((".", "!", "?"))


def test_a_long_story_is_cut_but_not_the_sentences_of_the_point():
    story = "The council met. " * 2000 + "The bridge closes on Friday."
    task = Task("The bridge closes on Friday.", "", "Bridge", (), "brief", story, len(story))
    asked = messages("Guide", task)[0]["content"]
    assert len(asked) < 14_500 and asked.count("The bridge closes on Friday.") == 2 and "Headline: Bridge" in asked


def test_a_chat_model_runs_here(tiny_llama, tiny_t5, tmp_path):
    guide = tmp_path / "guide.md"
    guide.write_text("One sentence.")
    options = WriterOptions(str(tiny_llama), guide=str(guide), device="cpu")
    with Summarizer.from_pretrained(writer=options) as summarizer:
        summary = summarizer(STORY, bullets=2, policy="flag")
        assert summary.writer.endswith(tiny_llama.name) and len(summary) == 2
        assert any("tokens, but the model reads" in warning for warning in summarizer(STORY * 20, bullets=2).warnings)
    with pytest.raises(ModelError, match=str(tiny_t5)):
        Summarizer.from_pretrained(writer=str(tiny_t5))
    with pytest.raises(ModelError, match="nobody"):
        Summarizer.from_pretrained(writer=str(tmp_path / "nobody"))


def test_a_chat_model_answers_the_message_and_a_cut_answer_is_none(tiny_llama, monkeypatch):
    import torch

    from summarizer.deadline import Deadline
    from summarizer.writers import chat_model
    from summarizer.writers.language_model import AnswerError

    model = chat_model.ChatModel(str(tiny_llama), "cpu")
    read = []

    def generate(input_ids, **_):
        read.append(model._tokenizer.decode(input_ids[0]))
        answer = model._tokenizer("The council met.", add_special_tokens=False, return_tensors="pt")["input_ids"]
        return torch.cat([input_ids, answer], 1)

    monkeypatch.setattr(model._model, "generate", generate)
    asked = [{"role": "user", "content": "Write one sentence."}]
    assert model(asked, Deadline()) == "The council met." and "Write one sentence." in read[0]
    monkeypatch.setattr(chat_model, "MAX_NEW_TOKENS", len(model._tokenizer("The council met.")["input_ids"]))
    with pytest.raises(AnswerError, match="cut off"):
        model(asked, Deadline())


def test_a_sentence_that_is_only_repeated_is_no_rewrite():
    story = (
        "Ann Roe leads Marl.  The new bridge \u2018of Marl\u2019  was shut on Friday. But nobody was hurt in the town."
    )

    def repeated(body):
        text = " ".join(sentences_of(body).split()).replace("\u2018", "'").replace("\u2019", "'")
        return text if body["messages"][0]["content"].count("14 to 34") else text.replace("But nobody", "Nobody")

    for length in ("standard", "brief"):
        with chat_server(repeated) as address, with_writer(address) as summarizer:
            summary = summarizer(story, bullets=3, length=length, policy="flag")
        assert [bullet.method for bullet in summary] == ["extracted"] * 3


def test_the_sentences_that_a_text_has_its_words_from_are_sources_too():
    story = "Ann Roe leads the council of Marl. It rained for a week. The bridge was shut. She opened it on Friday."
    text = "Council leader Ann Roe of Marl opened the bridge to all traffic again on Friday morning."
    with chat_server(lambda _: text) as address, with_writer(address) as summarizer:
        summary = summarizer(story, bullets=4, policy="flag")
    found = next(b for b in summary if b.method == "generated" and b.sources[-1].text.startswith("She"))
    assert [span.text for span in found.sources] == [
        "Ann Roe leads the council of Marl.", "The bridge was shut.", "She opened it on Friday.",
    ]  # fmt: skip


def test_transformers_serve_writes(tiny_llama, tmp_path):
    """A real server with the OpenAI API."""
    pytest.importorskip("openai")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("transformers")), "serve", str(tiny_llama)]
    log = (tmp_path / "log").open("w+")
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"], stdout=log, stderr=log
    )
    guide = tmp_path / "guide.md"
    guide.write_text("One sentence.")
    options = WriterOptions(f"http://127.0.0.1:{port}/v1", str(tiny_llama), guide=str(guide))
    try:
        for _ in range(240):
            try:
                with Summarizer.from_pretrained(writer=options) as summarizer:
                    summary = summarizer(STORY, bullets=2, policy="flag")
                break
            except WriterError as error:
                assert process.poll() is None, f"{error}\n{(tmp_path / 'log').read_text()}"
                time.sleep(0.5)
        else:
            pytest.fail((tmp_path / "log").read_text())
    finally:
        process.kill()
        process.wait()
        log.close()
    assert len(summary) == 2 and summary.writer == str(tiny_llama)
