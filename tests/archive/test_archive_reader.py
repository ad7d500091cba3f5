"""Reading archives in every format, and faults in their records."""

import gzip
import json
import os
from pathlib import Path

import pyarrow.parquet
import pytest
import zstandard

from summarizer import BatchError, run_batch

from ..articles import STORY, written
from ..test_summarizer import SCHEMA
from .batches import FAST, FLAGS, batch, errors, records


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
    (tmp_path / "f" / "notes.rst").write_text("not an article")
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
    (first,) = records(tmp_path / "o.jsonl")
    second, third = records(tmp_path / "o.jsonl.errors.jsonl")
    assert first["id"] == "7" and first["carried"] == {"meta.when": "2026-01-02", "a.b": "dots", "n": None}
    assert "text" not in first and first["bullets"]
    SCHEMA.validate(first)
    assert '"parts.0.body" is missing' in second["error"]["message"] and second["carried"]["a.b"] is None
    assert '"meta.key" is missing' in third["error"]["message"] and third["id"] == "3"
    run_batch(source, tmp_path / "all.jsonl", carry=["*"], **fields, **FAST)
    assert records(tmp_path / "all.jsonl")[0]["carried"]["meta"] == {"when": "2026-01-02"}


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
    report = run_batch(tmp_path / "a.jsonl", tmp_path / "o.jsonl", carry=["*"], **FAST)
    wrong = errors(tmp_path / "o.jsonl")
    assert (report.written, report.errors) == (2, 7) and list(wrong) == ["3", "4", "5", "6", "7", "8", "9"]
    assert "not valid JSON" in wrong["3"]["message"] and "UTF-8" in wrong["5"]["message"]


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
    source.write_bytes(data)
    assert run_batch(source, tmp_path / "o.jsonl", **FAST).earlier == kept
    assert len(records(tmp_path / "o.jsonl")) == 3 * 37


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
    messages = [one["message"] for one in errors(tmp_path / "o.jsonl").values()]
    assert "row 1 of a.csv: more values than the first row has names" in messages[0]
    assert "row 2 of a.csv: not valid CSV" in messages[1] and messages[2] == "row 3 of a.csv: not UTF-8"
    (found,) = records(tmp_path / "o.jsonl")
    assert found["id"] == "4" and found["text"] == "The council voted, on Monday, to close."


def test_a_table_with_a_value_that_nobody_can_hold_goes_on(tmp_path):
    far = pyarrow.array([0, 10**13], pyarrow.timestamp("s"))
    pyarrow.parquet.write_table(pyarrow.table({"text": [STORY, STORY], "when": far}), tmp_path / "a.parquet")
    report = run_batch(tmp_path / "a.parquet", tmp_path / "o.jsonl", carry=["when"], **FAST)
    (good,) = records(tmp_path / "o.jsonl")
    assert report.errors == 1 and good["carried"] == {"when": "1970-01-01 00:00:00"}
    assert "row 2 of a.parquet: a value cannot be read" in errors(tmp_path / "o.jsonl")["2"]["message"]


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
    assert set(found) == {*names[:3], "caf?.txt", "old.json"}
    assert set(errors(tmp_path / "o.jsonl")) == {"gone.txt", "bad.json"}
    assert "café" in found["old.json"]["text"]
    (place / names[3]).unlink()
    run_batch(place.as_uri(), tmp_path / "uri.jsonl", **FAST)
    assert set(names[:3]) <= {record["id"] for record in records(tmp_path / "uri.jsonl")}


def test_one_article_may_be_the_archive(tmp_path):
    (tmp_path / "story.txt").write_text(STORY)
    run_batch(tmp_path / "story.txt", tmp_path / "o.jsonl", **FAST)
    assert [record["id"] for record in records(tmp_path / "o.jsonl")] == ["story.txt"]


def test_all_other_fields_are_carried(tmp_path):
    deep = json.loads("[" * 190 + "]" * 190)
    data = [
        {"id": "a", "text": "teaser", "content": {"body": STORY, "by": "Ann Roe"}},
        {"id": "b", "content": {"body": STORY}, "deep": deep},
        {"id": "c", "content": {"body": STORY}, "n": 1},
    ]
    run_batch(written(tmp_path / "a.jsonl", data), tmp_path / "o.jsonl", text_field="content.body", carry=["*"], **FAST)
    first, second, third = records(tmp_path / "o.jsonl")
    assert first["carried"] == {"text": "teaser", "content": {"by": "Ann Roe"}}
    assert second["carried"]["deep"] == deep
    assert third["carried"] == {"content": {}, "n": 1}
