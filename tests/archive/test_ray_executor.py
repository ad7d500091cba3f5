"""Batch runs on Ray: one file of the output for each file of the archive."""

import gzip
import json
import os

import pytest

from summarizer import BatchError, ModelError, run_batch

from ..articles import ROOT, STORY, written
from .batches import DEADLY, FAST, errors, lines, records


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


def on_ray(source, output, **options):
    return run_batch(source, output, engine="ray", processes=1, **FAST | options)


def test_each_file_of_the_archive_has_its_output(tmp_path, ray, rows):
    (tmp_path / "in").mkdir()
    for name, part in (("a.jsonl", rows[:20]), ("b.jsonl", rows[20:])):
        written(tmp_path / "in" / name, part)
        run_batch(tmp_path / "in" / name, tmp_path / name, **FAST)
    report = on_ray((tmp_path / "in").as_uri(), (tmp_path / "uri").as_uri())
    assert (report.written, report.errors) == (37, 3)
    assert on_ray(tmp_path / "in", tmp_path / "out").written == 37
    for name in ("a.jsonl", "b.jsonl"):
        for folder in ("uri", "out"):
            assert lines(tmp_path / folder / name) == lines(tmp_path / name)
            assert errors(tmp_path / folder / name) == errors(tmp_path / name)


def test_a_stopped_run_continues(tmp_path, ray, rows):
    (tmp_path / "in").mkdir()
    for name, part in (("a.jsonl", rows[:3]), ("b.jsonl", rows[4:8])):
        written(tmp_path / "in" / name, part)
    on_ray(tmp_path / "in", tmp_path / "out")
    first, second = tmp_path / "out" / "a.jsonl", tmp_path / "out" / "b.jsonl"
    wanted = lines(first), lines(second)
    first.write_text(first.read_text()[:-100])
    second.unlink()
    report = on_ray(tmp_path / "in", tmp_path / "out")
    assert (report.earlier, report.written) == (2, 5) and (lines(first), lines(second)) == wanted
    with pytest.raises(BatchError, match="bullets was 2 and is 1"):
        on_ray(tmp_path / "in", tmp_path / "out", bullets=1)
    assert on_ray(tmp_path / "in", tmp_path / "out", bullets=1, overwrite=True).written == 7


@pytest.mark.parametrize(
    ("files", "output", "message"),
    [
        ({"a.jsonl": "", "a.csv": "id,text\n"}, "out", r"a\.csv and a\.jsonl would have the same output"),
        ({"a.txt": STORY}, "out", r"a\.txt: the engine \"ray\" reads \.jsonl"),
        ({"a.jsonl": ""}, "o.jsonl", "name a folder"),
    ],
)
def test_what_cannot_be_done_on_ray_is_said(tmp_path, ray, files, output, message):
    (tmp_path / "in").mkdir()
    for name, text in files.items():
        (tmp_path / "in" / name).write_text(text)
    with pytest.raises(ValueError, match=message):  # a BatchError is one
        on_ray(tmp_path / "in", tmp_path / output)


def test_ray_says_which_file_is_damaged(tmp_path, ray, rows):
    data = gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode())
    (tmp_path / "a.jsonl.gz").write_bytes(data[:-30])
    with pytest.raises(BatchError, match=r"^\S*a\.jsonl\.gz cannot be read to its end"):
        on_ray(tmp_path / "a.jsonl.gz", tmp_path / "out")
    (tmp_path / "a.jsonl.gz").write_bytes(data)
    on_ray(tmp_path / "a.jsonl.gz", tmp_path / "out")
    assert len(records(tmp_path / "out" / "a.jsonl.gz")) == 37


def test_ray_says_that_an_actor_cannot_load_the_model(tmp_path, ray, rows):
    source = written(tmp_path / "a.jsonl", rows[:2])
    with pytest.raises(ModelError, match=r"^there is no model 'elsewhere'"):
        on_ray(source, tmp_path / "out", model="elsewhere")


def test_an_article_that_kills_its_actor_can_be_left_out(tmp_path, ray, rows):
    source = written(tmp_path / "a.jsonl", [*rows[:2], rows[2] | {"id": "deadly"}, *rows[4:6]])
    with pytest.raises(BatchError, match=r"an actor died.*--skip ID"):
        on_ray(source, tmp_path / "out")
    on_ray(source, tmp_path / "out", skip=["deadly"])
    assert [record["id"] for record in records(tmp_path / "out" / "a.jsonl")] == [
        row["id"] for row in (*rows[:2], *rows[4:6])
    ]
