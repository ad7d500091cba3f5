"""An MPNet as the encoder of the extractor: trained above frozen layers, exported in pieces, run, trained on again."""

import json

import numpy as np
import pytest
import torch

from summarizer import Summarizer
from training import export as exporting
from training.__main__ import main as command
from training.export import ExportArguments
from training.modeling import encoder_of, use_fused_attention

from ..articles import STORY, archive, written

MARKS = ["<s>", "<pad>", "</s>", "[UNK]", "<mask>"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = sorted({word for row in archive(12) for word in row["article"].split()})
    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate([*MARKS, *words])}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    folder = tmp_path_factory.mktemp("mpnet")
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, cls_token="<s>", sep_token="</s>", pad_token="<pad>", unk_token="[UNK]",
        mask_token="<mask>",
    ).save_pretrained(folder)  # fmt: skip
    transformers.set_seed(3)
    config = transformers.MPNetConfig(
        vocab_size=len(MARKS) + len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=514,
    )  # fmt: skip
    model = transformers.MPNetModel(config)
    torch.nn.init.normal_(model.encoder.relative_attention_bias.weight)
    model.save_pretrained(folder)
    return folder


def test_fused_attention_gives_the_same_values(checkpoint):
    from transformers import AutoModel

    model = AutoModel.from_pretrained(checkpoint).eval()
    ids = torch.randint(5, 40, (2, 300))
    mask = torch.ones_like(ids)
    mask[1, 200:] = 0
    with torch.no_grad():
        plain = model(input_ids=ids, attention_mask=mask).last_hidden_state
        use_fused_attention(model)
        fused = model(input_ids=ids, attention_mask=mask).last_hidden_state
    assert torch.allclose(plain[mask == 1], fused[mask == 1], atol=1e-5)


def test_it_is_trained_exported_in_pieces_run_and_trained_on(checkpoint, tmp_path, monkeypatch):
    from safetensors.torch import load_file

    train = written(tmp_path / "archive.jsonl", archive(12))
    flags = ["--train", str(train), "--head_epochs", "0", "--epochs", "1", "--frozen_layers", "1", "--eval_steps", "2"]
    flags += ["--width", "16", "--heads", "2", "--measured", "2", "--compare_with", "none", "--parts_from", "none"]
    command(["extractor", *flags, "--base_model", str(checkpoint), "--output", str(tmp_path / "run")])
    before, after = (load_file(path / "model.safetensors") for path in (checkpoint, tmp_path / "run" / "encoder"))
    changed = {name for name, value in after.items() if not torch.equal(value, before[name])}
    assert changed and all(".layer.1." in name for name in changed)

    monkeypatch.setattr(exporting, "PIECE", 50_000)
    model = tmp_path / "model"
    exporting.export(ExportArguments(run=str(tmp_path / "run"), output=str(model), quantization="float32"))
    assert len(list((model / "extractor").glob("model.bin.*"))) > 1 and not (model / "extractor" / "model.bin").exists()
    assert "extractor/model.bin.0" in json.loads((model / "checksums.json").read_text())
    assert len(Summarizer.from_pretrained(model)(STORY, bullets=3)) == 3

    encoder, tokenizer = encoder_of(model / "extractor")
    state = encoder.state_dict()
    for name, value in after.items():
        if name in state and "position_embeddings" not in name:
            assert torch.allclose(state[name], value, atol=1e-6), name
    ids = torch.tensor([tokenizer.encode(STORY)])
    with torch.no_grad():
        found = encoder(input_ids=ids).last_hidden_state[0].numpy()
    extractor = Summarizer.from_pretrained(model)._pipeline._extractor
    positions = [list(range(ids.shape[1]))]
    ran = extractor._encoder.forward_batch(ids.tolist(), token_type_ids=positions).last_hidden_state
    assert np.asarray(ran)[0] == pytest.approx(found, abs=1e-4)

    command(["extractor", *flags, "--base_model", str(model), "--output", str(tmp_path / "again")])
    assert (tmp_path / "again" / "model").is_dir()
