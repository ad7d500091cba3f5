import json

import pytest

from summarizer import ModelError, Summarizer, run_batch
from summarizer.models import version_of

from ..articles import STORY


@pytest.fixture
def folder(base, tmp_path):
    base.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def refused(folder, match):
    with pytest.raises(ModelError, match=match):
        Summarizer.from_pretrained(folder)


@pytest.mark.parametrize(
    "name",
    ["config.json", "checksums.json", "extractor/model.bin", "extractor/tokenizer.json", "extractor/head.safetensors"],
)
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    refused(folder, rf"{name}.* is missing")


@pytest.mark.parametrize("name", ["extractor/model.bin", "extractor/head.safetensors", "config.json"])
def test_a_damaged_file_is_named(folder, name):
    data = bytearray((folder / name).read_bytes())
    at = data.find(b"name") if name == "config.json" else len(data) // 2
    data[at] ^= 1
    (folder / name).write_bytes(data)
    refused(folder, rf"{name}.* is damaged")


def test_a_newer_format_is_refused(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"format": 99}))
    refused(folder, r"config\.json.*99.*update")


def test_an_older_format_is_refused_and_it_says_what_to_do(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"format": 2}))
    refused(folder, r"config\.json.*format 2.*Export its extractor into a copy")


def test_broken_json_is_named(folder):
    (folder / "config.json").write_text("{")
    refused(folder, r"config\.json")


def test_no_such_model(tmp_path):
    refused("no-such-model", "no model 'no-such-model'")
    refused(tmp_path / "nowhere", "no model .*nowhere")
    refused(tmp_path, r"config\.json.*is missing")


def test_a_name_whose_folder_is_here_is_no_name_on_the_hub(tmp_path, monkeypatch):
    """A mistyped path must not be looked for in the network."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    with pytest.raises(ModelError, match="there is no model 'models/ours'"):
        Summarizer.from_pretrained("models/ours")


def test_a_model_of_the_hub_has_a_version_and_summarizes_an_archive(base, tmp_path, monkeypatch):
    """The records name the version of the model, whichever way it was named."""
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda name, file, **_: str(base.folder / file))
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda name, **_: str(base.folder))
    (tmp_path / "a.jsonl").write_text(json.dumps({"id": "a", "text": STORY}) + "\n")
    run_batch(tmp_path / "a.jsonl", tmp_path / "o.jsonl", model="you/points", policy="extract", threads=1)
    (record,) = map(json.loads, (tmp_path / "o.jsonl").read_text().splitlines())
    assert record["model"]["version"] == version_of("you/points") == base.version
