"""The batch, as its users run it: on the shipped model, mostly without rewriting, on short invented articles."""

import gzip
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from summarizer import ArticleError, BatchError, ModelError, run_batch
from summarizer.journal import FRAME, Journal
from summarizer.table import lines_of

from .conftest import ROOT, STORY, archive, written
from .test_summarizer import SCHEMA

FAST = {"policy": "extract", "length": "brief", "bullets": 2}
FLAGS = ("--policy", "extract", "--length", "brief", "--bullets", "2")
ENDINGS = ("jsonl", "jsonl.gz", "jsonl.zst", "parquet")


def batch(*args, stdin=b"", **options):
    command = [sys.executable, "-m", "summarizer", "batch", *map(str, args)]
    return subprocess.run(command, input=stdin, capture_output=True, check=False, **options)


def lines(path: Path) -> list[str]:
    """The records of an output, as lines."""
    if path.suffix == ".parquet":
        return [line for frame in lines_of(path) for line in frame]
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    if path.suffix == ".zst":
        data = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data), read_across_frames=True).read()
    return data.decode("utf-8").splitlines()


def records(path: Path) -> list[dict]:
    return [json.loads(line) for line in lines(path)]


@pytest.fixture(scope="module")
def rows() -> list[dict]:
    """Forty articles, three of which cannot be summarized."""
    rows = archive(40)
    for row in rows:
        row["article"] = "\n".join(row["article"].split("\n")[:3])
        row["meta"] = {"url": f"https://example.org/{row['id']}", "tags": ["town", "water"]}
        del row["bullets"]
    rows[3]["article"] = " "
    rows[17]["article"] = None
    del rows[38]["article"]
    return rows


@pytest.fixture
def source(tmp_path, rows) -> Path:
    return written(tmp_path / "articles.jsonl", rows)


@pytest.fixture(scope="module")
def whole(rows, tmp_path_factory) -> dict[str, Path]:
    """The output of a run that nothing stopped, in each form."""
    folder = tmp_path_factory.mktemp("whole")
    source = written(folder / "articles.jsonl", rows)
    for ending in ENDINGS:
        run_batch(source, folder / f"out.{ending}", **FAST)
    return {ending: folder / f"out.{ending}" for ending in ENDINGS}


def test_each_record_gives_one_in_order_a_summary_or_what_was_wrong(rows, whole):
    found = records(whole["jsonl"])
    assert [record["id"] for record in found] == [row["id"] for row in rows]
    wrong = {i: record["error"] for i, record in enumerate(found) if "error" in record}
    assert set(wrong) == {3, 17, 38} and {e["kind"] for e in wrong.values()} == {"ArticleError"}
    assert wrong[3]["message"] == 'line 4 of articles.jsonl: "article" is empty'
    assert '"text" is missing; the fields are id, meta. Name the text with --text-field' in wrong[38]["message"]
    for row, record in zip(rows, found, strict=True):
        if "error" not in record:
            assert record["text"] == row["article"] and len(record["bullets"]) == 2
            SCHEMA.validate({key: value for key, value in record.items() if key != "id"})
            for span in (span for bullet in record["bullets"] for span in bullet["sources"]):
                assert record["text"][span["start"] : span["end"]] == span["text"]


def test_every_form_of_output_has_the_same_records(whole):
    for ending in ENDINGS[1:]:
        assert lines(whole[ending]) == lines(whole["jsonl"])
    table = pyarrow.parquet.read_table(whole["parquet"])
    assert table["bullets"][0].as_py()[0]["sources"][0]["start"] == 0
    assert table["error"][3].as_py()["kind"] == "ArticleError" and table["error"][0].as_py() is None


def test_what_is_summarized_is_what_the_library_says(base, rows, whole):
    for row, record in list(zip(rows, records(whole["jsonl"]), strict=True))[:3]:
        assert {"id": row["id"], **base(row["article"], **FAST).to_dict()} == record


def test_every_form_of_input_gives_the_same_lists(tmp_path, rows):
    good = [{"id": row["id"], "text": row["article"]} for row in rows[:3]]
    data = "".join(json.dumps(row) + "\n" for row in good).encode()
    (tmp_path / "a.jsonl").write_bytes(data)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(data))
    (tmp_path / "c.jsonl.zst").write_bytes(zstandard.ZstdCompressor().compress(data))
    quoted = ['"' + row["text"].replace('"', '""') + '"' for row in good]
    text = "id,text\r\n" + "".join(f"{row['id']},{q}\r\n" for row, q in zip(good, quoted, strict=True))
    (tmp_path / "d.csv").write_text(text, "utf-8-sig", newline="")
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(good), tmp_path / "e.parquet")
    (tmp_path / "f" / "deep").mkdir(parents=True)
    for name, row in zip(("a.txt", "b.json", "deep/c.html"), good, strict=True):
        page = (
            f"<html><body><article>{''.join(f'<p>{p}</p>' for p in row['text'].splitlines())}</article></body></html>"
        )
        form = {".txt": row["text"], ".json": json.dumps({"text": row["text"]}), ".html": page}
        (tmp_path / "f" / name).write_text(form[Path(name).suffix])
    (tmp_path / "f" / "notes.md").write_text("not an article")
    outputs = []
    for place in ("a.jsonl", "b.jsonl.gz", "c.jsonl.zst", "d.csv", "e.parquet", "f"):
        report = run_batch(tmp_path / place, tmp_path / f"{place}.out.jsonl", **FAST)
        assert (report.written, report.errors) == (3, 0), place
        outputs.append(records(tmp_path / f"{place}.out.jsonl"))
    done = batch("-", "-o", tmp_path / "stdin.jsonl", *FLAGS, stdin=data)
    assert done.returncode == 0 and done.stdout == b"", done.stderr
    outputs.append(records(tmp_path / "stdin.jsonl"))
    uri = (tmp_path / "b.jsonl.gz").as_uri()
    run_batch(uri, tmp_path / "uri.jsonl", **FAST)
    outputs.append(records(tmp_path / "uri.jsonl"))
    bullets = [[record["bullets"] for record in output] for output in outputs]
    assert all(found == bullets[0] for found in bullets)
    assert [record["id"] for record in outputs[5]] == ["a.txt", "b.json", "deep/c.html"]
    assert all([r["id"] for r in found] == [row["id"] for row in good] for found in (*outputs[:5], *outputs[6:]))


def test_a_folder_of_tables_is_one_archive(tmp_path, rows):
    (tmp_path / "in").mkdir()
    for name, part in (("b.jsonl", rows[:2]), ("a.jsonl", [{"text": rows[2]["article"]}])):
        written(tmp_path / "in" / name, part)
    run_batch(tmp_path / "in", tmp_path / "out.jsonl", **FAST)
    assert [record["id"] for record in records(tmp_path / "out.jsonl")] == ["a.jsonl:1", rows[0]["id"], rows[1]["id"]]


def test_fields_by_dotted_paths_and_what_is_carried(tmp_path, rows):
    data = [
        {
            "meta": {"key": 7, "when": "2026-01-02"},
            "parts": [{"body": rows[0]["article"]}],
            "a.b": "dots",
            "n": float("nan"),
        },
        {"meta": {"key": "x"}, "parts": []},
        {"parts": [{"body": rows[1]["article"]}]},
    ]
    source = written(tmp_path / "a.jsonl", data)
    fields = {"text_field": "parts.0.body", "id_field": "meta.key"}
    run_batch(source, tmp_path / "o.jsonl", carry=["meta.when", "a.b", "n"], keep_text=False, **fields, **FAST)
    first, second, third = records(tmp_path / "o.jsonl")
    assert first["id"] == "7" and first["carried"] == {"meta.when": "2026-01-02", "a.b": "dots", "n": None}
    assert "text" not in first and first["bullets"]
    assert '"parts.0.body" is missing' in second["error"]["message"] and second["carried"]["a.b"] is None
    assert '"meta.key" is missing' in third["error"]["message"] and third["id"] == "3"
    run_batch(source, tmp_path / "all.parquet", carry=["*"], **fields, **FAST)
    assert records(tmp_path / "all.parquet")[0]["carried"]["meta"] == {"when": "2026-01-02"}


def test_lines_that_are_no_records_are_recorded_and_the_run_goes_on(tmp_path):
    good = json.dumps({"id": "good", "text": STORY})
    bad = [
        b"{",
        b"[1]",
        b"\xff\xfe\xfa",
        b'{"id": {"a": 1}, "text": 5}',
        b'{"text": "\\ud800 \\u0000"}',
        b"[" * 100_000,
        b'{"n": ' + b"9" * 5000 + b"}",
    ]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join([good.encode(), b"", *bad, good.encode()]) + b"\n")
    report = run_batch(tmp_path / "a.jsonl", tmp_path / "o.parquet", carry=["*"], **FAST)
    found = records(tmp_path / "o.parquet")
    assert report.written == len(found) == 9 and report.errors == 7
    assert [record["id"] for record in found] == ["good", "3", "4", "5", "6", "7", "8", "9", "good"]
    assert "not valid JSON" in found[1]["error"]["message"] and "UTF-8" in found[3]["error"]["message"]


@pytest.mark.parametrize(
    ("ending", "pack"), [("gz", gzip.compress), ("zst", zstandard.ZstdCompressor().compress), ("ZST", None)]
)
def test_a_file_that_breaks_off_stops_the_run_and_what_is_written_stays(tmp_path, rows, ending, pack):
    pack = pack or zstandard.ZstdCompressor().compress
    piece = "".join(json.dumps(row) + "\n" for row in rows).encode()
    data, source = pack(piece * 2) + pack(piece), tmp_path / f"a.jsonl.{ending}"
    source.write_bytes(data[:-20])
    with pytest.raises(BatchError, match=rf"a\.jsonl\.{ending} cannot be read to its end"):
        run_batch(source, tmp_path / "o.jsonl", **FAST)
    kept = len(records(tmp_path / "o.jsonl"))
    assert kept % FRAME == 0
    source.write_bytes(data)
    assert run_batch(source, tmp_path / "o.jsonl", **FAST).earlier == kept
    assert len(records(tmp_path / "o.jsonl")) == 120


def test_the_output_is_never_read_as_part_of_the_archive(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.txt").write_text(STORY)
    for _ in range(2):
        run_batch(tmp_path, tmp_path / "o.jsonl", **FAST)
        assert [record["id"] for record in records(tmp_path / "o.jsonl")] == ["a.txt", "b.txt", "c.txt"]
    before = (tmp_path / "o.jsonl").read_bytes()
    with pytest.raises(BatchError, match="is the archive; name another file"):
        run_batch(tmp_path / "o.jsonl", tmp_path / "o.jsonl", overwrite=True, **FAST)
    assert (tmp_path / "o.jsonl").read_bytes() == before


def test_rows_of_a_csv_that_are_none_are_recorded(tmp_path):
    rows = [
        b"id,text",
        b"1,The council of Leeds, a city, voted.",
        b'2,"said "no" to it"',
        b"3,The caf\xe9 closed on Monday.",
    ]
    (tmp_path / "a.csv").write_bytes(b"\r\n".join([*rows, b'4,"The council voted, on Monday, to close."']) + b"\r\n")
    run_batch(tmp_path / "a.csv", tmp_path / "o.jsonl", **FAST)
    found = records(tmp_path / "o.jsonl")
    messages = [record["error"]["message"] for record in found[:3]]
    assert "row 1 of a.csv: more values than the first row has names" in messages[0]
    assert "row 2 of a.csv: not valid CSV" in messages[1] and messages[2] == "row 3 of a.csv: not UTF-8"
    assert found[3]["id"] == "4" and found[3]["text"] == "The council voted, on Monday, to close."


def test_a_table_with_a_value_that_nobody_can_hold_goes_on(tmp_path):
    far = pyarrow.array([0, 10**13], pyarrow.timestamp("s"))
    pyarrow.parquet.write_table(pyarrow.table({"text": [STORY, STORY], "when": far}), tmp_path / "a.parquet")
    report = run_batch(tmp_path / "a.parquet", tmp_path / "o.jsonl", carry=["when"], **FAST)
    good, bad = records(tmp_path / "o.jsonl")
    assert report.errors == 1 and good["carried"] == {"when": "1970-01-01 00:00:00"}
    assert "row 2 of a.parquet: a value cannot be read" in bad["error"]["message"]


def test_folders_with_odd_names_and_links(tmp_path):
    place = tmp_path / "in"
    (place / "deep").mkdir(parents=True)
    names = ["a b.txt", "c#d.txt", "e%20f.txt", os.fsdecode(b"caf\xe9.txt")]
    for name in names:
        (place / name).write_text(STORY)
    (place / "gone.txt").symlink_to(place / "nowhere")
    (place / "deep" / "loop").symlink_to(place)
    (place / "old.json").write_bytes('{"text": "The café closed on Monday. It was late."}'.encode("cp1252"))
    (place / "bad.json").write_text("{")
    run_batch(place, tmp_path / "o.jsonl", **FAST)
    found = {record["id"]: record for record in records(tmp_path / "o.jsonl")}
    assert set(found) == {*names[:3], "caf?.txt", "gone.txt", "old.json", "bad.json"}
    assert {name for name, record in found.items() if "error" in record} == {"gone.txt", "bad.json"}
    assert "café" in found["old.json"]["text"]
    (place / names[3]).unlink()
    run_batch(place.as_uri(), tmp_path / "uri.jsonl", **FAST)
    assert not any("error" in record for record in records(tmp_path / "uri.jsonl") if record["id"] in names)


def test_one_article_may_be_the_archive(tmp_path):
    (tmp_path / "story.txt").write_text(STORY)
    run_batch(tmp_path / "story.txt", tmp_path / "o.jsonl", **FAST)
    assert [record["id"] for record in records(tmp_path / "o.jsonl")] == ["story.txt"]


def test_a_record_that_was_mended_is_tried_again_under_its_own_name(tmp_path, rows):
    source = written(tmp_path / "a.jsonl", rows[:2])
    source.write_text(source.read_text() + '{"id": "late", "text": "The coun')
    run_batch(source, tmp_path / "o.jsonl", **FAST)
    assert records(tmp_path / "o.jsonl")[2]["id"] == "3"
    written(source, [*rows[:2], {"id": "late", "text": STORY}])
    assert run_batch(source, tmp_path / "o.jsonl", **FAST).errors == 1
    assert run_batch(source, tmp_path / "o.jsonl", retry_errors=True, **FAST).errors == 0
    assert [record["id"] for record in records(tmp_path / "o.jsonl")] == [rows[0]["id"], rows[1]["id"], "late"]


def test_all_other_fields_are_carried_and_none_that_cannot_be(tmp_path):
    deep = json.loads("[" * 900 + "]" * 900)
    data = [
        {"id": "a", "text": "teaser", "content": {"body": STORY, "by": "Ann Roe"}},
        {"id": "b", "content": {"body": STORY}, "deep": deep},
        {"id": "c", "content": {"body": STORY}, "n": 1},
    ]
    run_batch(written(tmp_path / "a.jsonl", data), tmp_path / "o.jsonl", text_field="content.body", carry=["*"], **FAST)
    first, second, third = records(tmp_path / "o.jsonl")
    assert first["carried"] == {"text": "teaser", "content": {"by": "Ann Roe"}}
    assert second["id"] == "b" and second["error"]["kind"] == "RecursionError"
    assert third["carried"] == {"content": {}, "n": 1}


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
    assert report.earlier + report.written == 40 and report.earlier in (0, FRAME, 2 * FRAME, 40)


def test_a_parquet_run_goes_on_from_its_journal(tmp_path, source, whole):
    output, part = tmp_path / "out.parquet", tmp_path / "out.parquet.part"
    run_batch(source, output, **FAST)
    assert not part.exists()
    output.unlink()
    part.write_bytes(whole["jsonl.gz"].read_bytes()[:-100])
    assert run_batch(source, output, **FAST).earlier == 2 * FRAME
    assert output.read_bytes() == whole["parquet"].read_bytes() and not part.exists()
    assert run_batch(source, output, **FAST).written == 0
    assert output.read_bytes() == whole["parquet"].read_bytes()


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_killed_again_and_again_it_loses_nothing(tmp_path, ending):
    """Two hundred articles, thirty kills at random moments: the file in the end is that of an unbroken run."""
    rows = archive(200)
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
    while killed < 30:
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
        assert b"the same command goes on" in errors and b"Traceback" not in errors
    assert len(lines(tmp_path / "o.jsonl")) % FRAME == 0


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
    assert done.returncode == 2 and "What is written stays" in done.stderr and "Traceback" not in done.stderr
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
    (tmp_path / "other" / "checksums.json").write_text(json.dumps(sums))  # the same files by another list
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
    with pytest.raises(BatchError, match=r"line 1 of .* is no record of a batch run"):
        run_batch(source, output, **FAST)


def test_a_second_run_on_one_output_is_refused(tmp_path, source):
    first = Journal(tmp_path / "o.jsonl", {})
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
    assert (report.earlier, report.written) == (FRAME, 40 - FRAME)  # the frame that was short is done again
    assert output.read_bytes() == whole["jsonl"].read_bytes()
    for changed in ([*rows[:5], *rows[6:]], rows[:30]):
        written(source, changed)
        with pytest.raises(BatchError, match="the archive has changed: record"):
            run_batch(source, output, **FAST)
    assert output.read_bytes() == whole["jsonl"].read_bytes()


@pytest.mark.parametrize("ending", ENDINGS)
def test_errors_are_tried_again_and_nothing_else(tmp_path, rows, source, ending):
    output = tmp_path / f"o.{ending}"
    run_batch(source, output, **FAST)
    mended = [row | {"article": row.get("article") or STORY} for row in rows]
    mended[3]["article"] = rows[3]["article"]
    written(source, mended)
    before = records(output)
    assert run_batch(source, output, **FAST).written == 0
    report = run_batch(source, output, retry_errors=True, **FAST)
    assert (report.retried, report.errors, report.written) == (4 - 1, 2 - 1, 0)
    after = records(output)
    assert [record["id"] for record in after] == [record["id"] for record in before]
    assert [i for i in range(40) if before[i] != after[i]] == [17, 38] and "error" in after[3]
    run_batch(source, tmp_path / f"whole.{ending}", **FAST)
    assert (tmp_path / f"whole.{ending}").read_bytes() == output.read_bytes()


def test_strict_stops_at_the_first_error(tmp_path, source):
    done = batch(source, "-o", tmp_path / "o.jsonl", *FLAGS, "--strict")
    assert done.returncode == 1 and b"line 4 of articles.jsonl" in done.stderr and b"Traceback" not in done.stderr
    assert len(records(tmp_path / "o.jsonl")) == 3
    with pytest.raises(ArticleError, match="line 4"):
        run_batch(source, tmp_path / "o.jsonl", strict=True, **FAST)
    assert len(records(tmp_path / "o.jsonl")) == 3


def test_the_command_counts_profiles_and_exits_by_the_errors(tmp_path, source, rows):
    done = batch(source, "-o", tmp_path / "o.jsonl", *FLAGS, "--profile")
    assert done.returncode == 1 and done.stdout == b""
    assert b"37 summaries, 3 errors; 40 articles in this run" in done.stderr
    for stage in (b"reading", b"encoder", b"checks", b"writing"):
        assert stage in done.stderr
    written(source, rows[:3])
    assert batch(source, "-o", tmp_path / "good.jsonl", *FLAGS).returncode == 0


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["nowhere.jsonl", "-o", "o.jsonl"], "there is no file or folder nowhere.jsonl"),
        ([".", "-o", "o.txt"], "must end in .jsonl"),
        ([".", "-o", "nowhere/o.jsonl"], "there is no folder nowhere"),
        ([".", "-o", "s3://bucket/o.jsonl"], "an output that is a URI is a folder"),
        ([".", "-o", "o.jsonl", "--address", "auto"], 'an address is for the engine "ray"'),
        ([".", "-o", "o.jsonl", "--time-limit", "inf"], "time_limit must be"),
        (["."], "Missing option"),
        ([".", "-o", "o.jsonl", "--bullets", "0"], "--bullets takes"),
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
    assert not (tmp_path / "o.jsonl.run").exists()


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
    rows = archive(6)
    for name, part in (("all", rows), ("last", rows[5:])):
        run_batch(written(tmp_path / f"{name}.jsonl", part), tmp_path / f"{name}.out.jsonl", length="brief")
    assert lines(tmp_path / "all.out.jsonl")[5:] == lines(tmp_path / "last.out.jsonl")
    assert (
        json.loads(lines(tmp_path / "all.out.jsonl")[0])["bullets"]
        == json.loads(base(rows[0]["article"], length="brief").to_json())["bullets"]
    )


def test_a_time_limit_is_an_error_of_its_article(tmp_path, rows):
    long = {"id": "long", "text": "\n".join(row["article"] or "" for row in rows[4:16]) * 60}
    source = written(tmp_path / "a.jsonl", [{"id": "short", "text": STORY}, long, {"id": "again", "text": STORY}])
    report = run_batch(source, tmp_path / "o.jsonl", time_limit=0.6, **FAST)
    short, slow, again = records(tmp_path / "o.jsonl")
    assert report.errors == 1 and slow["error"]["kind"] == "TimeLimitError"
    assert slow["error"]["message"] == "line 2 of a.jsonl: the article took longer than its limit of 0.6 seconds"
    assert short["bullets"] == again["bullets"]
    assert run_batch(source, tmp_path / "o.jsonl", retry_errors=True, **FAST).errors == 0


def test_progress_and_time_left(tmp_path, monkeypatch, capsys, source):
    from summarizer import batch as module

    monkeypatch.setattr(module, "_RARELY", 0.0)
    run_batch(source, tmp_path / "o.jsonl", progress=True, **FAST)
    shown = capsys.readouterr()
    assert shown.out == "" and "32 articles, 2 errors" in shown.err and "left" in shown.err


@pytest.fixture(scope="module")
def ray():
    return pytest.importorskip("ray")


def test_two_files_never_share_an_output_on_ray(tmp_path, ray, rows):
    (tmp_path / "in").mkdir()
    written(tmp_path / "in" / "a.jsonl", rows[:2])
    (tmp_path / "in" / "a.csv").write_text("id,text\n1,The council voted.\n")
    with pytest.raises(BatchError, match=r"a\.csv and a\.jsonl would have one output"):
        run_batch(tmp_path / "in", tmp_path / "out", engine="ray", **FAST)


def test_ray_says_which_file_is_damaged(tmp_path, ray, rows):
    data = gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode())
    (tmp_path / "a.jsonl.gz").write_bytes(data[:-30])
    with pytest.raises(BatchError, match=r"a\.jsonl\.gz cannot be read to its end"):
        run_batch(tmp_path / "a.jsonl.gz", tmp_path / "o.jsonl", engine="ray", processes=1, **FAST)


def test_ray_writes_the_same_file_and_goes_on(tmp_path, ray, source, whole):
    output = tmp_path / "out.jsonl"
    run_batch(source, output, engine="ray", processes=1, **FAST)
    assert output.read_bytes() == whole["jsonl"].read_bytes()
    output.write_bytes(output.read_bytes()[:-5000])
    assert run_batch(source, output, engine="ray", processes=1, **FAST).earlier == 2 * FRAME
    assert output.read_bytes() == whole["jsonl"].read_bytes()


def test_ray_makes_a_file_for_each(tmp_path, ray, rows):
    (tmp_path / "in").mkdir()
    for name, part in (("a.jsonl", rows[:20]), ("b.jsonl", rows[20:])):
        written(tmp_path / "in" / name, part)
        run_batch(tmp_path / "in" / name, tmp_path / name, **FAST)
    report = run_batch((tmp_path / "in").as_uri(), (tmp_path / "out").as_uri(), engine="ray", processes=1, **FAST)
    assert (report.written, report.errors) == (40, 3)
    for name in ("a.jsonl", "b.jsonl"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / name).read_bytes()
    (tmp_path / "out" / "b.jsonl").unlink()
    assert run_batch(tmp_path / "in", tmp_path / "out", engine="ray", processes=1, **FAST).written == 20
    with pytest.raises(BatchError, match="other settings"):
        run_batch(tmp_path / "in", tmp_path / "out", engine="ray", **FAST | {"bullets": 1})
