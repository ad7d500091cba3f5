"""The outputs of batch runs, and how a run that was stopped at any moment continues."""

import gzip
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from summarizer import BatchError, run_batch
from summarizer.archive.output import Output, settings_of

from ..articles import ROOT, STORY, archive, written
from .batches import ENDINGS, FAST, FLAGS, batch, errors, lines, records

KILLS = int(os.environ.get("KILLS", "10"))
"""Number of kills of a run: KILLS=100 python -m pytest tests/archive/test_output.py -k killed"""


def test_every_form_of_output_has_the_same_records(whole):
    for ending in ENDINGS[1:]:
        assert lines(whole[ending]) == lines(whole["jsonl"]) and errors(whole[ending]) == errors(whole["jsonl"])


@pytest.mark.parametrize("ending", ENDINGS)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1), junk=st.sampled_from([b"", b"\x00\x00\x00", b"\x00\x00\n\x00\n"]))
def test_an_output_cut_anywhere_is_made_whole(tmp_path, source, whole, ending, share, junk):
    wanted, output = whole[ending].read_bytes(), tmp_path / f"out.{ending}"
    if not output.exists():
        run_batch(source, output, **FAST)
    cut = int(share * len(wanted))
    junk = junk if ending == "jsonl" else b"\0" * len(junk)
    output.write_bytes(wanted[:cut] + (junk if cut < len(wanted) else b""))
    report = run_batch(source, output, **FAST)
    assert lines(output) == lines(whole[ending])
    assert report.earlier + report.written == 37 and report.errors == 3


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("before", [0, 1])
def test_a_power_cut_in_the_first_bytes_of_a_group(tmp_path, ending, before):
    """The disk has the start of a group, then NULs."""
    path = tmp_path / f"o.{ending}"
    settings = settings_of({"id": "1"})

    def run(id):
        out = Output(path, settings)
        out.append({"id": id})
        out.close()
        return out.earlier

    run("1")
    group = path.read_bytes()
    for cut in range(11):
        for nuls in (1, 8, 600):
            path.write_bytes(group * before + group[:cut] + b"\0" * nuls)
            assert run("2") == before, (cut, nuls)
            assert [json.loads(line)["id"] for line in lines(path)] == ["1"] * before + ["2"]
    path.write_bytes(group * before + (b"PK\x03\x04" if ending == "jsonl" else group[:1] + b"\0other"))
    with pytest.raises(BatchError, match="was not written by a batch run"):
        Output(path, settings)


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz"])
def test_killed_again_and_again_it_loses_nothing(tmp_path, ending):
    """A hundred articles, ten kills at random moments: the finished file has each record once, in order."""
    rows = archive(100)
    for row in rows:
        row["article"] = "\n".join(row["article"].split("\n")[:2])
    source = written(tmp_path / "a.jsonl", rows)
    began = time.monotonic()
    assert batch(source, "-o", tmp_path / f"whole.{ending}", *FLAGS).returncode == 0
    took = time.monotonic() - began
    wanted = lines(tmp_path / f"whole.{ending}")
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
        assert running.returncode == 0 and lines(output) == wanted
        finished += 1
        output.unlink()
    assert batch(source, "-o", output, *FLAGS).returncode == 0
    assert lines(output) == wanted
    left = {path.name for path in tmp_path.iterdir()} - {"a.jsonl"}
    assert left <= {f"{name}.{ending}{end}" for name in ("whole", "out") for end in ("", ".lock")}


def test_a_line_does_not_wait_long_for_others(tmp_path, monkeypatch):
    made = Output(tmp_path / "o.jsonl", {})
    made.append({"id": "1"})
    assert not lines(tmp_path / "o.jsonl")  # waits for a group
    monkeypatch.setattr("summarizer.archive.output.SECONDS", 0.0)
    made.append({"id": "2"})
    assert [json.loads(line)["id"] for line in lines(tmp_path / "o.jsonl")] == ["1", "2"]
    made.close()


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
    ids = [record["id"] for record in records(tmp_path / "o.jsonl")]
    assert ids == [row["id"] for row in archive(len(ids))]


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
    assert lines(tmp_path / "out.jsonl") == lines(whole["jsonl"])


def test_other_settings_are_refused_by_name_unless_overwritten(tmp_path, source):
    output = tmp_path / "o.jsonl"
    run_batch(source, output, **FAST)
    before = output.read_bytes()
    with pytest.raises(BatchError, match=r'length was "brief" and is "standard"; carry was .. and is ."meta".'):
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
    files = {
        "name.jsonl": b'{"name": 1}\n',
        "id.jsonl": b'{"id": "1", "n": 2}\n',
        "list.jsonl": b'{"id": "1", "model": "gpt", "options": [1]}\n',
        "half.jsonl": b'{"name": "x"}',
        "wide.jsonl": '{"id": "1"}\n'.encode("utf-16"),
        "text.jsonl.gz": b"a letter",
        "other.jsonl.zst": gzip.compress(b"a letter"),
        "letter.jsonl.gz": gzip.compress(b"a letter"),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(BatchError, match=r"was not written by a batch run|was made with other settings"):
            run_batch(source, tmp_path / name, **FAST)
        assert (tmp_path / name).read_bytes() == data
    (tmp_path / "new.jsonl.errors.jsonl").write_text("mine\n")
    with pytest.raises(BatchError, match=r"errors\.jsonl was not written by a batch run"):
        run_batch(source, tmp_path / "new.jsonl", **FAST)
    assert (tmp_path / "new.jsonl.errors.jsonl").read_text() == "mine\n"
    output = tmp_path / "o.jsonl"
    run_batch(source, output, **FAST)
    text = output.read_text()
    output.write_text(text.replace('{"id"', '{"name"', 2))
    with pytest.raises(BatchError, match=r"line 1 of .* was not written by a batch run"):
        run_batch(source, output, **FAST)


def test_a_second_run_on_one_output_is_refused(tmp_path, source):
    first = Output(tmp_path / "o.jsonl", {})
    done = batch(source, "-o", tmp_path / "o.jsonl", *FLAGS)
    assert done.returncode == 2 and b"another run is writing" in done.stderr
    first.close()
    assert batch(source, "-o", tmp_path / "o.jsonl", *FLAGS, "--overwrite").returncode == 1


def test_records_that_were_added_anywhere_are_summarized(tmp_path, rows, source):
    output = tmp_path / "out.jsonl"
    run_batch(written(source, [*rows[:5], *rows[8:21]]), output, **FAST)
    report = run_batch(written(source, rows), output, **FAST)
    assert (report.earlier, report.written) == (16, 21)
    assert sorted(record["id"] for record in records(output)) == sorted(
        row["id"] for i, row in enumerate(rows) if i not in (3, 17, 38)
    )


def test_another_kind_of_cpu_is_said(tmp_path, source, whole, monkeypatch, caplog):
    output = tmp_path / "out.jsonl"
    run_batch(source, output, **FAST)
    output.write_bytes(output.read_bytes()[:30000])
    monkeypatch.setattr("summarizer.archive.worker.instructions", lambda: "NEON of another")
    run_batch(source, output, **FAST)
    assert "was begun on a CPU with" in caplog.text and "NEON of another" in caplog.text
    assert len(records(output)) == 37


@pytest.mark.parametrize("ending", ENDINGS[1:])
def test_a_damaged_output_is_not_cut_off(tmp_path, source, whole, ending):
    output = tmp_path / f"o.{ending}"
    data = bytearray(whole[ending].read_bytes())
    data[200] ^= 255
    output.write_bytes(data)
    with pytest.raises(BatchError, match=r"is damaged|was not written"):
        run_batch(source, output, **FAST)
    assert output.read_bytes() == data


def test_a_link_is_the_file_that_it_leads_to(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text(STORY)
    (tmp_path / "in" / "o.jsonl").symlink_to(tmp_path / "real.jsonl")
    for earlier in (0, 1):
        assert run_batch(tmp_path / "in", tmp_path / "in" / "o.jsonl", **FAST).earlier == earlier
    assert [record["id"] for record in records(tmp_path / "real.jsonl")] == ["a.txt"]
    here = (tmp_path / "in" / "a.txt").as_uri()
    with pytest.raises(BatchError, match="is the archive"):
        run_batch(here, tmp_path / "in" / "a.txt", **FAST)


def test_an_id_may_be_long_and_a_bad_line_has_the_number_of_another(tmp_path):
    good = [{"id": str(i) if i else "x" * 12_000, "text": STORY} for i in range(5)]
    source, output = written(tmp_path / "a.jsonl", good), tmp_path / "o.jsonl"
    text = source.read_text().splitlines()
    source.write_text("\n".join([*text[:2], "{bad", *text[2:]]) + "\n")  # line 3
    for written_now in (5, 0):
        report = run_batch(source, output, **FAST)
        assert (report.written, report.errors) == (written_now, 1)
    assert [record["id"] for record in records(output)] == [row["id"] for row in good]
    assert list(errors(output)) == ["3"]


def test_the_list_of_errors_stays_when_a_run_stops_early(tmp_path, rows, source):
    output = tmp_path / "o.jsonl"
    run_batch(source, output, **FAST)
    before = errors(output)
    source.with_suffix(".jsonl.gz").write_bytes(gzip.compress(source.read_bytes())[:-20])
    with pytest.raises(BatchError, match="cannot be read to its end"):
        run_batch(source.with_suffix(".jsonl.gz"), output, **FAST)
    assert errors(output) == before
