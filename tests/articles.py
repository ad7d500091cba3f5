"""Invented articles, and where the project lies."""

import json
import random
from pathlib import Path

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
