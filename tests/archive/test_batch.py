"""Batch runs as users start them: on short invented articles, with the shipped model, mostly without rewriting."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from summarizer import ArticleError, BatchError, ModelError, run_batch
from summarizer.archive.archive_reader import Fields, Record
from summarizer.archive.worker import Job

from ..articles import ROOT, STORY, archive, written
from ..test_summarizer import SCHEMA
from .batches import DEADLY, ENDINGS, FAST, FLAGS, batch, errors, lines, records


def test_each_record_gives_a_summary_in_order_or_an_error_in_a_file_of_its_own(rows, whole):
    found, wrong = records(whole["jsonl"]), errors(whole["jsonl"])
    good = [row for i, row in enumerate(rows) if i not in (3, 17, 38)]
    assert [record["id"] for record in found] == [row["id"] for row in good]
    assert list(wrong) == [rows[i]["id"] for i in (3, 17, 38)] and {e["kind"] for e in wrong.values()} == {
        "ArticleError"
    }
    assert wrong[rows[3]["id"]]["message"] == 'line 4 of articles.jsonl: "article" is empty'
    missing = '"text" is missing; the fields are id, meta. Name the text with --text-field'
    assert missing in wrong[rows[38]["id"]]["message"]
    for row, record in zip(good, found, strict=True):
        SCHEMA.validate(record)
        assert not SCHEMA.is_valid(record | {"error": {"kind": "x", "message": "y"}, "status": "draft"})
        assert record["text"] == row["article"] and len(record["bullets"]) == 2
        for span in (span for bullet in record["bullets"] for span in bullet["sources"]):
            assert record["text"][span["start"] : span["end"]] == span["text"]


def test_what_is_summarized_is_what_the_library_says(base, rows, whole):
    for row, record in list(zip(rows, records(whole["jsonl"]), strict=False))[:3]:
        assert {"id": row["id"], **base(row["article"], **FAST).to_dict()} == record


@pytest.mark.parametrize("ending", ENDINGS)
def test_errors_are_tried_again_and_nothing_else(tmp_path, rows, source, ending):
    output = tmp_path / f"o.{ending}"
    assert run_batch(source, output, **FAST).errors == 3
    mended = [row | {"article": row.get("article") or STORY} for row in rows]
    mended[3]["article"] = rows[3]["article"]
    before = lines(output)
    report = run_batch(written(source, mended), output, **FAST)
    assert (report.earlier, report.written, report.errors) == (37, 2, 1)
    after = lines(output)
    assert after[:37] == before and [json.loads(line)["id"] for line in after[37:]] == [rows[17]["id"], rows[38]["id"]]
    assert list(errors(output)) == [rows[3]["id"]]
    mended[3]["article"] = STORY
    assert run_batch(written(source, mended), output, **FAST).errors == 0
    assert sorted(record["id"] for record in records(output)) == sorted(row["id"] for row in rows)
    assert not output.with_name(f"{output.name}.errors.jsonl").exists()


def test_strict_stops_at_the_first_error(tmp_path, source):
    done = batch(source, "-o", tmp_path / "o.jsonl", *FLAGS, "--strict")
    assert done.returncode == 1 and b"line 4 of articles.jsonl" in done.stderr and b"Traceback" not in done.stderr
    assert len(records(tmp_path / "o.jsonl")) == 3
    with pytest.raises(ArticleError, match="line 4"):
        run_batch(source, tmp_path / "o.jsonl", strict=True, **FAST)
    assert len(records(tmp_path / "o.jsonl")) == 3


def test_the_command_counts_and_exits_by_the_errors(tmp_path, source, rows):
    done = batch(source, "-o", tmp_path / "o.jsonl", *FLAGS)
    assert done.returncode == 1 and done.stdout == b""
    assert b"37 summaries, 3 errors; 40 articles in this run" in done.stderr
    assert b"o.jsonl.errors.jsonl; the same command tries them again" in done.stderr
    written(source, rows[:3])
    assert batch(source, "-o", tmp_path / "good.jsonl", *FLAGS).returncode == 0


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["nowhere.jsonl", "-o", "o.jsonl"], "there is no file or folder nowhere.jsonl"),
        ([".", "-o", "o.txt"], "must end in .jsonl"),
        ([".", "-o", "nowhere/o.jsonl"], "nowhere for the output"),
        ([".", "-o", "s3://bucket/o.jsonl"], "an output with a URI must be a folder"),
        ([".", "-o", "o.jsonl", "--address", "auto"], 'address needs the engine "ray"'),
        ([".", "-o", "o.jsonl", "--time-limit", "inf"], "time_limit must be"),
        (["."], "Missing option"),
        ([".", "-o", "o.jsonl", "--bullets", "0"], "bullets must be"),
        ([".", "-o", "o.jsonl", "--time-limit", "0"], "time_limit must be"),
        ([".", "-o", "o.jsonl", "--model", "nowhere"], "no model"),
    ],
)
def test_wrong_use(tmp_path, args, message):
    (tmp_path / "a.txt").write_text(STORY)
    done = batch(*args, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 2 and message in done.stderr.decode() and b"Traceback" not in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"a.txt"}


def test_threads_and_processes_change_nothing(tmp_path, source, whole):
    for name, options in {"one": {"threads": 1}, "TWO": {"threads": 2, "processes": 4}}.items():
        run_batch(source, tmp_path / f"{name}.JSONL", **FAST, **options)
        assert (tmp_path / f"{name}.JSONL").read_bytes() == whole["jsonl"].read_bytes()


def test_a_damaged_model_is_said_before_anything_is_begun(tmp_path, source):
    shutil.copytree(ROOT / "models" / "base", tmp_path / "broken")
    (tmp_path / "broken" / "extractor" / "tokenizer.json").write_text("{}")
    for processes in (1, 2):
        with pytest.raises(ModelError, match=r"tokenizer\.json is damaged"):
            run_batch(source, tmp_path / "o.jsonl", model=tmp_path / "broken", processes=processes, **FAST)
    assert not (tmp_path / "o.jsonl").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_workers_end_with_the_run_that_was_killed(tmp_path):
    source = written(tmp_path / "a.jsonl", archive(2000))
    command = [sys.executable, "-m", "summarizer", "batch", str(source), "-o", str(tmp_path / "o.jsonl"), *FLAGS]
    running = subprocess.Popen([*command, "--processes", "2"], stderr=subprocess.DEVNULL, start_new_session=True)
    while not (tmp_path / "o.jsonl").exists() or not (tmp_path / "o.jsonl").stat().st_size:
        time.sleep(0.05)
    running.kill()
    running.wait()
    for _ in range(200):
        alive = [p for p in Path("/proc").glob("[0-9]*/stat") if _session(p) == running.pid]
        if not alive:
            break
        time.sleep(0.05)
    assert not alive


def _session(stat: Path) -> int:
    try:
        state, _, _, session = stat.read_text().rsplit(")", 1)[1].split()[:4]
    except OSError:
        return 0
    return 0 if state == "Z" else int(session)


def test_rewriting_depends_on_nothing_beside_it(tmp_path, base):
    rows = archive(3)
    for name, part in (("all", rows), ("last", rows[2:])):
        run_batch(written(tmp_path / f"{name}.jsonl", part), tmp_path / f"{name}.out.jsonl", length="brief")
    assert lines(tmp_path / "all.out.jsonl")[2:] == lines(tmp_path / "last.out.jsonl")
    assert (
        json.loads(lines(tmp_path / "all.out.jsonl")[0])["bullets"]
        == json.loads(base(rows[0]["article"], length="brief").to_json())["bullets"]
    )


def test_a_newsroom_sets_how_sure_the_verifier_must_be(tmp_path):
    source, output = written(tmp_path / "in.jsonl", archive(2)), tmp_path / "o.jsonl"
    assert batch(source, "-o", output, "--length", "brief", "--min-confidence", "1").returncode == 0
    found = records(output)
    assert [record["options"]["min_confidence"] for record in found] == [1.0, 1.0]
    assert {bullet["method"] for record in found for bullet in record["bullets"]} == {"extracted"}
    with pytest.raises(BatchError, match=r"min_confidence was 1\.0 and is null"):
        run_batch(source, output, length="brief")


def test_a_time_limit_is_an_error_of_its_article(tmp_path, rows):
    long = {"id": "long", "text": "\n".join(row["article"] or "" for row in rows[4:16]) * 60}
    source = written(tmp_path / "a.jsonl", [{"id": "short", "text": STORY}, long, {"id": "again", "text": STORY}])
    report = run_batch(source, tmp_path / "o.jsonl", time_limit=0.6, **FAST)
    short, again = records(tmp_path / "o.jsonl")
    slow = errors(tmp_path / "o.jsonl")["long"]
    assert report.errors == 1 and slow["kind"] == "TimeLimitError"
    assert slow["message"] == "line 2 of a.jsonl: the article took longer than its limit of 0.6 seconds"
    assert short["bullets"] == again["bullets"]
    assert run_batch(source, tmp_path / "o.jsonl", **FAST).errors == 0


def test_progress_and_time_left(tmp_path, monkeypatch, capsys, source):
    from summarizer.archive import progress_bar as module

    monkeypatch.setattr(module, "_LOG_INTERVAL", 0.0)
    run_batch(source, tmp_path / "o.jsonl", progress=True, **FAST)
    shown = capsys.readouterr()
    assert shown.out == "" and "\r" not in shown.err  # a log file gets lines
    assert any(line.endswith("left") and "35 summaries, 2 errors" in line for line in shown.err.splitlines())
    assert "37 summaries, 3 errors" in shown.err.splitlines()[-1]
    assert "" not in shown.err.splitlines()


def test_progress_on_a_terminal_is_one_line(tmp_path, monkeypatch, capsys, source):
    monkeypatch.setattr("summarizer.archive.progress_bar._INTERVAL", 0.0)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    run_batch(source, tmp_path / "o.jsonl", progress=True, **FAST)
    shown = capsys.readouterr().err
    assert "35 summaries, 2 errors" in shown and "\n" not in shown


def test_a_record_that_cannot_be_written_is_an_error_of_its_own(base):
    class Bad:
        def __str__(self):
            raise RuntimeError("no text")

    record = Record("line 1 of a.jsonl", 1, {"id": "a", "x": Bad()}, "")
    assert Job(fields=Fields(carry=("x",))).record(record, base(STORY, **FAST)) == {
        "id": "a", "error": {"kind": "RuntimeError", "message": "line 1 of a.jsonl: RuntimeError: no text"}
    }  # fmt: skip


def test_a_damaged_model_leaves_the_output_that_was_to_be_overwritten(tmp_path, source):
    run_batch(source, tmp_path / "o.jsonl", **FAST)
    before = (tmp_path / "o.jsonl").read_bytes()
    shutil.copytree(ROOT / "models" / "base", tmp_path / "broken")
    (tmp_path / "broken" / "extractor" / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError, match="damaged"):
        run_batch(source, tmp_path / "o.jsonl", model=tmp_path / "broken", overwrite=True, **FAST)
    assert (tmp_path / "o.jsonl").read_bytes() == before


def test_each_record_of_an_id_that_occurs_twice_is_there_once(tmp_path, rows):
    source = written(tmp_path / "a.jsonl", [*rows[:3], rows[2] | {"article": STORY}, rows[1]])
    output = tmp_path / "o.jsonl"
    for earlier in (0, 5):
        report = run_batch(source, output, **FAST)
        assert (report.earlier, report.written) == (earlier, 5 - earlier)
    whole = lines(output)
    output.write_text("".join(line + "\n" for line in whole[:3]))
    assert run_batch(source, output, **FAST).written == 2
    assert lines(output) == whole


def test_an_article_that_kills_its_process_is_named_and_can_be_left_out(tmp_path, rows):
    (tmp_path / "sitecustomize.py").write_text(DEADLY)
    rows = [*rows[:18], *rows[19:36], rows[18] | {"id": "deadly"}, *rows[36:38]]
    source, output = written(tmp_path / "a.jsonl", rows), tmp_path / "o.jsonl"
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}

    def run(*more):
        done = batch(source, "-o", output, *FLAGS, "--processes", "2", "--threads", "2", *more, env=environment)
        return done.returncode, done.stderr.decode()

    code, said = run()
    assert code == 2 and "records in progress may be the cause" in said and "deadly" in said and "--skip ID" in said
    kept = len(records(output))
    code, said = run("--skip", "deadly")
    assert (code == 1 and f"{kept} summaries are already" in said) or not kept
    assert [record["id"] for record in records(output)] == [
        row["id"] for row in rows if row["id"] != "deadly" and (row.get("article") or "").strip()
    ]
