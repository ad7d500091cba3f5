"""A tiny model, built in memory: same parts, random weights, a few kilobytes."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import settings

from summarizer import Article, Summarizer, run_batch

from .batches import ENDINGS, FAST

settings.register_profile("any machine", deadline=None)  # a busy machine is not a failure
settings.load_profile("any machine")

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.json"))

STORY = """The council voted on Monday to keep the Marl Lane baths open. It had agreed in May to pull them down.
Repairs will cost 2.9 million pounds, said Ann Roe, who leads the council. The roof comes first.
A trust will run the building from April under a 25-year lease. About 120 people swim there each week.
"We listened," said Roe. Derek Malloy, the finance chief, voted against and called the sum a gamble.
Work starts on May 11 and should end by the autumn, according to the trust."""


PLACES = "Marl Lane, Oldgate, Brackwater, Tarn Hill, Weldon, Saltby, Crane Street, Northmoor, Elmstead, Kelby".split(
    ", "
)
THINGS = "baths, library, harbour, school, market, bridge, hospital, theatre, tram line, quarry".split(", ")
PEOPLE = "Ann Roe, Derek Malloy, Ida Fenn, Omar Haddad, Lena Voss, Piet Brandt, Mary Quill, Tom Sayer".split(", ")
DEEDS = "keep, close, rebuild, sell, rename, extend, paint, inspect, lease, insure".split(", ")
NOUNS = "roof, wall, boiler, fence, cellar, tower, ramp, kiosk, pump, engine, clock, door, lamp, stage, yard".split(
    ", "
)


def archive(count: int, seed: int = 0, start: int = 0) -> list[dict]:
    """Invented articles with two bullets each, no two alike: rows as a newsroom's archive has them."""
    draw = random.Random(seed)
    rows = []
    for number in range(start, start + count):
        place, thing, who, deed = (draw.choice(of) for of in (PLACES, THINGS, PEOPLE, DEEDS))
        cost, day = draw.randint(10, 990), draw.randint(1, 28)
        sentences = [f"The council of {place} voted on Monday to {deed} the {thing} after a debate of {day} hours."]
        sentences += [f"Repairs will cost {cost} million pounds, said {who}, who leads the council."]
        for _ in range(8):
            a, b = draw.sample(NOUNS, 2)
            other, size = draw.choice(PEOPLE), draw.randint(2, 4000)
            sentences.append(f"{other} said the {a} near {draw.choice(PLACES)} needs {size} {b} parts by {day} June.")
        bullets = [f"Council of {place} votes to {deed} the {thing}", f"Repairs will cost {cost} million pounds"]
        rows.append({"id": f"{seed}-{number}", "article": "\n".join(sentences), "bullets": bullets})
    return rows


def written(path: Path, rows: list[dict]) -> Path:
    """The rows as JSONL."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@pytest.fixture(scope="session")
def base() -> Summarizer:
    """The shipped model."""
    return Summarizer.from_pretrained()


@pytest.fixture(scope="session")
def examples() -> list[dict]:
    return [json.loads(path.read_text("utf-8")) for path in EXAMPLES]


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


def letters(*special: str):
    """A tokenizer that knows every byte, and nothing longer: what goes in comes out."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: i for i, token in enumerate([*special, *alphabet])}
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens(list(special))
    return PreTrainedTokenizerFast(tokenizer_object=backend, pad_token=special[0], eos_token=special[1])


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
        intermediate_size=64, max_position_embeddings=1200, pad_token_id=0, eos_token_id=1, bos_token_id=None,
    )  # fmt: skip
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_bart(tmp_path_factory) -> Path:
    """A BART of two layers of width 32."""
    transformers = pytest.importorskip("transformers")
    from tokenizers import processors

    tokenizer = letters("<pad>", "</s>", "<s>")
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 2), ("</s>", 1)]
    )
    folder = tmp_path_factory.mktemp("bart")
    tokenizer.save_pretrained(folder)
    transformers.set_seed(1)
    config = transformers.BartConfig(
        vocab_size=len(tokenizer), d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=48, decoder_ffn_dim=48, max_position_embeddings=600, pad_token_id=0,
        bos_token_id=2, eos_token_id=1, decoder_start_token_id=0, forced_eos_token_id=None,
    )  # fmt: skip
    transformers.BartForConditionalGeneration(config).save_pretrained(folder)
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
