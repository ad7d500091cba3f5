"""Batch runs on Ray write the same files."""

import gzip
import json
import os
from unittest.mock import Mock

import pytest

from summarizer import BatchError, ModelError, run_batch
from summarizer.archive.folder_lock import claimed
from summarizer.archive.resumable_writer import CHUNK_SIZE

from ..articles import ROOT, STORY, written
from .batches import DEADLY, FAST, records


@pytest.fixture(scope="module")
def ray(tmp_path_factory):
    """A cluster on this machine, shared by the tests because it takes seconds to start. An article with "deadly" in its
    id ends the actor that reads it."""
    ray = pytest.importorskip("ray")
    patched = tmp_path_factory.mktemp("patched")
    (patched / "sitecustomize.py").write_text(DEADLY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{patched}{os.pathsep}{ROOT}")
        ray.init(num_cpus=2, log_to_driver=False, include_dashboard=False)
        yield ray
        ray.shutdown()


def test_two_files_never_share_an_output_on_ray(tmp_path, ray, rows):
    (tmp_path / "in").mkdir()
    written(tmp_path / "in" / "a.jsonl", rows[:2])
    (tmp_path / "in" / "a.csv").write_text("id,text\n1,The council voted.\n")
    with pytest.raises(BatchError, match=r"a\.csv and a\.jsonl would have the same output"):
        run_batch(tmp_path / "in", tmp_path / "out", engine="ray", **FAST)


def test_ray_says_which_file_is_damaged(tmp_path, ray, rows):
    data = gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode())
    (tmp_path / "a.jsonl.gz").write_bytes(data[:-30])
    with pytest.raises(BatchError, match=r"^\S*a\.jsonl\.gz cannot be read to its end"):
        run_batch(tmp_path / "a.jsonl.gz", tmp_path / "out", engine="ray", processes=1, **FAST)


def test_after_a_damaged_file_is_mended_a_run_on_ray_goes_on(tmp_path, ray, rows):
    (tmp_path / "in").mkdir()
    data = gzip.compress("".join(json.dumps(row) + "\n" for row in rows[:20]).encode())
    (tmp_path / "in" / "a.jsonl.gz").write_bytes(data[:-300])
    written(tmp_path / "in" / "b.jsonl", rows[20:])
    options = {"engine": "ray", "processes": 1, **FAST}
    with pytest.raises(BatchError, match=r"^\S*a\.jsonl\.gz cannot be read to its end"):
        run_batch(tmp_path / "in", tmp_path / "o.jsonl", **options)
    assert {record["id"] for record in records(tmp_path / "o.jsonl")} <= {row["id"] for row in rows[:20]}
    (tmp_path / "in" / "a.jsonl.gz").write_bytes(data)
    run_batch(tmp_path / "in", tmp_path / "o.jsonl", **options)
    assert [record["id"] for record in records(tmp_path / "o.jsonl")][20:] == [row.get("id") for row in rows[20:]]


def test_ray_says_that_an_actor_cannot_load_the_model(tmp_path, ray, rows, monkeypatch):
    from summarizer.archive import worker

    source = written(tmp_path / "a.jsonl", rows[:2])
    monkeypatch.setattr(worker, "version_of", lambda model: "0" * 12)  # it is there where the run was started
    for output in ("o.jsonl", "out"):
        with pytest.raises(ModelError, match=r"^there is no model 'elsewhere'"):
            run_batch(source, tmp_path / output, model="elsewhere", engine="ray", processes=1, **FAST)


def test_one_actor_may_have_all_cores(tmp_path, ray, rows):
    source = written(tmp_path / "a.jsonl", rows[:2])
    assert run_batch(source, tmp_path / "o.jsonl", engine="ray", processes=1, threads=2, **FAST).written == 2


def test_ray_writes_the_same_file_and_goes_on(tmp_path, ray, source, whole):
    output = tmp_path / "out.jsonl"
    run_batch(source, output, engine="ray", processes=1, **FAST)
    assert output.read_bytes() == whole["jsonl"].read_bytes()
    output.write_bytes(output.read_bytes()[:-5000])
    assert run_batch(source, output, engine="ray", processes=1, **FAST).earlier == 2 * CHUNK_SIZE
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
    before = (tmp_path / "out" / "settings.run").read_text()
    with claimed(str(tmp_path / "out")), pytest.raises(BatchError, match="another run is writing"):
        run_batch(tmp_path / "in", tmp_path / "out", engine="ray", overwrite=True, **FAST | {"bullets": 1})
    assert (tmp_path / "out" / "settings.run").read_text() == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "note.txt").write_text("of somebody else")
    with pytest.raises(BatchError, match="was not made by a batch run"):
        run_batch(tmp_path / "in", tmp_path / "mine", engine="ray", **FAST)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["note.txt"]


def test_an_article_that_kills_its_actor_is_set_aside_on_ray(tmp_path, ray, rows):
    """The run continues after it, whether the output is a file or a folder."""
    rows = [*rows[:2], rows[2] | {"id": "deadly"}, *rows[4:6]]
    source = written(tmp_path / "a.jsonl", rows)
    for output, made in (("o.jsonl", "o.jsonl"), ("out", "out/a.jsonl")):
        report = run_batch(source, tmp_path / output, engine="ray", processes=1, **FAST)
        assert (report.written, report.errors) == (5, 1)
        found = records(tmp_path / made)
        assert [record["id"] for record in found] == [row["id"] for row in rows]
        assert found[2]["error"]["kind"] == "WorkerDiedError"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.jsonl", "lock.run", "settings.run"}


def test_ray_reads_a_file_that_is_an_article(tmp_path, ray):
    (tmp_path / "story.txt").write_text(STORY)
    assert run_batch(tmp_path / "story.txt", tmp_path / "o.jsonl", engine="ray", processes=1, **FAST).written == 1


def test_a_stopped_overwrite_on_ray_leaves_no_file_of_other_settings(tmp_path, ray, rows, monkeypatch):
    from summarizer.archive import ray_executor

    (tmp_path / "in").mkdir()
    written(tmp_path / "in" / "a.jsonl", rows[:2])
    options = {"engine": "ray", "processes": 1}
    run_batch(tmp_path / "in", tmp_path / "out", **options, **FAST)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(ray_executor, "connected", Mock(side_effect=KeyboardInterrupt))
        run_batch(tmp_path / "in", tmp_path / "out", overwrite=True, **options, **FAST | {"bullets": 1})
    assert run_batch(tmp_path / "in", tmp_path / "out", **options, **FAST | {"bullets": 1}).written == 2
