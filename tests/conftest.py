"""What tests share: the shipped model, the example articles and their lists, and tiny checkpoints built in memory."""

import json
import os
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

from summarizer import Article, Summarizer, run_batch

from .archive.batches import ENDINGS, FAST
from .articles import EXAMPLES, STORY, archive, letters, written

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tiny models wait longer for a second thread than they compute
settings.register_profile("any machine", deadline=None)  # a busy machine is not a failure
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def base() -> Summarizer:
    """The shipped model."""
    return Summarizer.from_pretrained()


@pytest.fixture(scope="session")
def examples() -> list[dict]:
    return [json.loads(path.read_text("utf-8")) for path in EXAMPLES]


@pytest.fixture(scope="session")
def lists(base, examples):
    """The lists of the example articles by length and policy, each made once."""

    @cache  # of the values: `lists()` and `lists("standard")` are the same
    def made(length, policy):
        return list(base.stream(map(Article.from_json, examples), length=length, policy=policy))

    return lambda length="standard", policy="checked": made(length, policy)


@pytest.fixture
def story() -> Article:
    return Article(STORY)


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory) -> Path:
    """A BERT of two layers of width 32 with a vocabulary of letters: a Hugging Face checkpoint in a folder."""
    transformers = pytest.importorskip("transformers")
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary += list("abcdefghijklmnopqrstuvwxyz0123456789.,\"'") + [
        f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz0123456789"
    ]
    ids = {token: i for i, token in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    folder = tmp_path_factory.mktemp("tiny") / "checkpoint"
    transformers.BertTokenizerFast(tokenizer_object=tokenizer).save_pretrained(folder)
    transformers.set_seed(3)
    config = transformers.BertConfig(
        vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    transformers.BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_t5(tmp_path_factory) -> Path:
    """A T5 of three layers of width 32 with a vocabulary of letters and a few words."""
    torch = pytest.importorskip("torch")
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration, set_seed

    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;'\"-"
    pieces = ["<pad>", "</s>", "<unk>", "▁", *letters, *(f"▁{c}" for c in letters)]
    pieces += ["▁the", "▁council", "▁baths", "▁Lane", "▁open", *(f"▁{c}{c}" for c in "abcdefghijklm")]
    backend = Tokenizer(models.Unigram([(p, -1.0 - i / 100) for i, p in enumerate(pieces)], unk_id=2))
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Metaspace()
    backend.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    folder = tmp_path_factory.mktemp("t5")
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
    tokenizer.save_pretrained(folder)
    set_seed(1)
    config = T5Config(
        vocab_size=len(pieces), d_model=32, d_kv=8, d_ff=48, num_layers=3, num_decoder_layers=3, num_heads=2,
        feed_forward_proj="gated-gelu", decoder_start_token_id=0, tie_word_embeddings=False,
    )  # fmt: skip
    model = T5ForConditionalGeneration(config)
    model.lm_head.weight = torch.nn.Parameter(torch.randn_like(model.lm_head.weight))
    model.config.tie_word_embeddings = False
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory) -> Path:
    """A Llama of two layers of width 32 with a chat template."""
    transformers = pytest.importorskip("transformers")
    tokenizer = letters("<pad>", "<|im_end|>", "<|im_start|>")
    tokenizer.chat_template = (
        "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    folder = tmp_path_factory.mktemp("llama")
    tokenizer.save_pretrained(folder)
    transformers.set_seed(1)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2,
        intermediate_size=64, max_position_embeddings=8000, pad_token_id=0, eos_token_id=1, bos_token_id=None,
    )  # fmt: skip
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def whole(rows, tmp_path_factory) -> dict[str, Path]:
    """The output of a run that nothing stopped, in each form."""
    folder = tmp_path_factory.mktemp("whole")
    source = written(folder / "articles.jsonl", rows)
    for ending in ENDINGS:
        run_batch(source, folder / f"out.{ending}", **FAST)
    return {ending: folder / f"out.{ending}" for ending in ENDINGS}
