"""The outputs of batch runs, and how a run that was stopped at any moment continues."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from summarizer import ArticleError, BatchError, run_batch
from summarizer.archive.resumable_writer import CHUNK_SIZE, ResumableWriter

from ..articles import ROOT, STORY, archive, written
from .batches import ENDINGS, FAST, FLAGS, batch, lines, records

KILLS = int(os.environ.get("KILLS", "10"))
"""Number of kills of a run: KILLS=100 python -m pytest tests/archive/test_resumable_writer.py -k killed"""


def test_every_form_of_output_has_the_same_records(whole):
    for ending in ENDINGS[1:]:
        assert lines(whole[ending]) == lines(whole["jsonl"])
    table = pyarrow.parquet.read_table(whole["parquet"])
    assert table["bullets"][0].as_py()[0]["sources"][0]["start"] == 0
    assert table["error"][3].as_py()["kind"] == "ArticleError" and table["error"][0].as_py() is None


@pytest.mark.parametrize("ending", ENDINGS[:3])
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1), junk=st.sampled_from([b"", b"\x00\x00\x00", b"\x00\x00\n\x00\n", b'{"id": "half']))
def test_an_output_cut_anywhere_is_made_whole(tmp_path, source, whole, ending, share, junk):
    wanted, output = whole[ending].read_bytes(), tmp_path / f"out.{ending}"
    if not output.exists():
        run_batch(source, output, **FAST)
    cut = int(share * len(wanted))
    output.write_bytes(wanted[:cut] + (junk if cut < len(wanted) else b""))
    report = run_batch(source, output, **FAST)
    assert output.read_bytes() == wanted
    assert report.earlier + report.written == 40 and report.earlier in (0, CHUNK_SIZE, 2 * CHUNK_SIZE, 40)


def test_a_parquet_run_goes_on_from_its_journal(tmp_path, source, whole):
    output, part = tmp_path / "out.parquet", tmp_path / "out.parquet.part"
    run_batch(source, output, **FAST)
    assert not part.exists()
    output.unlink()
    part.write_bytes(whole["jsonl.gz"].read_bytes()[:-100])
    assert run_batch(source, output, **FAST).earlier == 2 * CHUNK_SIZE
    assert output.read_bytes() == whole["parquet"].read_bytes() and not part.exists()
    assert run_batch(source, output, **FAST).written == 0
    assert output.read_bytes() == whole["parquet"].read_bytes()


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_killed_again_and_again_it_loses_nothing(tmp_path, ending):
    """A hundred articles, ten kills at random moments: the finished file is that of an uninterrupted run."""
    rows = archive(100)
    for row in rows:
        row["article"] = "\n".join(row["article"].split("\n")[:2])
    source = written(tmp_path / "a.jsonl", rows)
    began = time.monotonic()
    assert batch(source, "-o", tmp_path / f"whole.{ending}", *FLAGS).returncode == 0
    took = time.monotonic() - began
    wanted = (tmp_path / f"whole.{ending}").read_bytes()
    assert [record["id"] for record in records(tmp_path / f"whole.{ending}")] == [row["id"] for row in rows]
    output = tmp_path / f"out.{ending}"
    command = [sys.executable, "-m", "summarizer", "batch", str(source), "-o", str(output), *FLAGS]
    draw = random.Random(7)
    killed = finished = 0
    while killed < KILLS:
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            running.wait(draw.uniform(0.1, 0.9) * took)
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGKILL)
            running.wait()
            killed += 1
            continue
        assert running.returncode == 0 and output.read_bytes() == wanted
        finished += 1
        output.unlink()
    assert batch(source, "-o", output, *FLAGS).returncode == 0
    assert output.read_bytes() == wanted
    left = {path.name for path in tmp_path.iterdir()} - {"a.jsonl"}
    assert left == {f"{name}.{ending}{end}" for name in ("whole", "out") for end in ("", ".run")}


def test_a_stop_by_signal_is_clean_and_gone_on_from(tmp_path):
    source = written(tmp_path / "a.jsonl", archive(300))
    command = [sys.executable, "-m", "summarizer", "batch", str(source), "-o", str(tmp_path / "o.jsonl"), *FLAGS]
    for number in (signal.SIGINT, signal.SIGTERM):
        running = subprocess.Popen(command, stderr=subprocess.PIPE)
        size = (tmp_path / "o.jsonl").stat().st_size if (tmp_path / "o.jsonl").exists() else 0
        while not (tmp_path / "o.jsonl").exists() or (tmp_path / "o.jsonl").stat().st_size == size:
            time.sleep(0.02)
        running.send_signal(number)
        _, errors = running.communicate(timeout=60)
        assert running.returncode == 130, errors
        assert b"run the same command again" in errors and b"Traceback" not in errors
    assert len(lines(tmp_path / "o.jsonl")) % CHUNK_SIZE == 0


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file sizes are POSIX")
def test_a_full_disk_is_said_and_gone_on_from(tmp_path, source, whole):
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))\n"
        "from summarizer.cli import main\n"
        "main()"
    )
    command = [sys.executable, "-c", code, "batch", str(source), "-o", str(tmp_path / "out.jsonl"), *FLAGS]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 2 and "What was written stays" in done.stderr and "Traceback" not in done.stderr
    assert 0 < (tmp_path / "out.jsonl").stat().st_size <= 30_000
    run_batch(source, tmp_path / "out.jsonl", **FAST)
    assert (tmp_path / "out.jsonl").read_bytes() == whole["jsonl"].read_bytes()


def test_other_settings_are_refused_by_name_unless_overwritten(tmp_path, source):
    output = tmp_path / "o.jsonl"
    run_batch(source, output, **FAST)
    before = output.read_bytes()
    with pytest.raises(
        BatchError, match=r'options\.length was "brief" and is "standard"; carry was \[\] and is \["meta"\]'
    ):
        run_batch(source, output, **FAST | {"length": "standard", "carry": ["meta"]})
    shutil.copytree(ROOT / "models" / "base", tmp_path / "other")
    sums = json.loads((tmp_path / "other" / "checksums.json").read_text())
    (tmp_path / "other" / "checksums.json").write_text(json.dumps(sums))  # the same model, but another checksums.json
    with pytest.raises(BatchError, match="model was"):
        run_batch(source, output, model=tmp_path / "other", **FAST)
    with pytest.raises(ValueError, match="bullets"):
        run_batch(source, output, bullets=0, overwrite=True)
    assert output.read_bytes() == before
    run_batch(source, output, **FAST | {"bullets": 1}, overwrite=True)
    assert len(records(output)[0]["bullets"]) == 1


def test_a_file_of_other_making_is_left_alone(tmp_path, source):
    for name, text in (("mine.jsonl", '{"id": 1}\n'), ("empty.jsonl", "")):
        (tmp_path / name).write_text(text)
        with pytest.raises(BatchError, match="was not written by a batch run"):
            run_batch(source, tmp_path / name, **FAST)
        assert (tmp_path / name).read_text() == text
    output = tmp_path / "o.jsonl"
    run_batch(source, output, **FAST)
    text = output.read_text()
    output.write_text(text.replace('{"id"', '{"name"', 2))
    with pytest.raises(BatchError, match=r"line 1 of .* was not written by a batch run"):
        run_batch(source, output, **FAST)


def test_a_second_run_on_one_output_is_refused(tmp_path, source):
    first = ResumableWriter(tmp_path / "o.jsonl", {})
    done = batch(source, "-o", tmp_path / "o.jsonl", *FLAGS)
    assert done.returncode == 2 and b"another run is writing" in done.stderr
    first.close()
    assert batch(source, "-o", tmp_path / "o.jsonl", *FLAGS, "--overwrite").returncode == 1


def test_a_grown_archive_adds_and_a_changed_one_is_refused(tmp_path, rows, source, whole):
    output = tmp_path / "out.jsonl"
    written(source, rows[:21])
    run_batch(source, output, **FAST)
    written(source, rows)
    report = run_batch(source, output, **FAST)
    assert (report.earlier, report.written) == (CHUNK_SIZE, 40 - CHUNK_SIZE)  # the short last chunk is made again
    assert output.read_bytes() == whole["jsonl"].read_bytes()
    for changed in ([*rows[:5], *rows[6:]], rows[:30]):
        written(source, changed)
        with pytest.raises(BatchError, match="the archive has changed: record"):
            run_batch(source, output, **FAST)
    assert output.read_bytes() == whole["jsonl"].read_bytes()


def test_a_retry_that_is_stopped_goes_on(tmp_path, rows, source, whole):
    """Errors in three chunks. The second retry skips the chunks that the first one has finished."""
    broken = [
        row | {"article": "" if i % 10 == 0 else str(row.get("article") or "").strip() or STORY}
        for i, row in enumerate(rows)
    ]
    written(source, broken)
    for ending in ("jsonl", "jsonl.gz"):
        output = tmp_path / f"out.{ending}"
        written(source, broken)
        run_batch(source, output, **FAST)
        mended = [row | {"article": row["article"].strip() or STORY} for row in broken]
        written(source, [*mended[:20], {"id": mended[20]["id"], "text": 17}, *mended[21:]])
        with pytest.raises(ArticleError, match="must be a text, not int"):  # stopped in the second chunk
            run_batch(source, output, retry_errors=True, strict=True, **FAST)
        assert sum("error" in record for record in records(output)) == 4  # the output stays as it was
        assert (tmp_path / f"out.{ending}.retry").exists()
        if ending == "jsonl.gz":  # the retry of a deleted output is not continued
            output.unlink()
            written(source, mended)
            run_batch(source, output, **FAST)
            assert not (tmp_path / f"out.{ending}.retry").exists()
            continue
        written(source, mended)
        report = run_batch(source, output, retry_errors=True, **FAST)
        assert (report.retried, report.errors, report.earlier) == (2, 0, 40)
        assert not (tmp_path / f"out.{ending}.retry").exists()
        run_batch(source, tmp_path / f"fresh.{ending}", **FAST)
        assert output.read_bytes() == (tmp_path / f"fresh.{ending}").read_bytes()


def test_another_kind_of_cpu_is_said(tmp_path, source, whole, monkeypatch, caplog):
    output = tmp_path / "out.jsonl"
    run_batch(source, output, **FAST)
    output.write_bytes(output.read_bytes()[:9000])
    monkeypatch.setattr("summarizer.archive.worker.instructions", lambda: "NEON of another")
    run_batch(source, output, **FAST)
    assert "was begun on a CPU with" in caplog.text and "NEON of another" in caplog.text
    assert len(records(output)) == 40
