"""Compares speed, memory and quality with other summarizers, in one run: `python benchmarks/speed.py`.

Each system runs in its own process, one after the other, on the same articles and cores: this project, LEAD-3, sumy,
bert-extractive-summarizer, and the architectures of distilbart-cnn-12-6 and bart-large-cnn. Then measures time by
article length, time and memory by number of articles, and how close the encoder is to the limit of the machine. Writes
speed.json, speed.md and speed.png into the folder of this file.

The package of bert-extractive-summarizer is also called `summarizer`, and needs transformers 4. Install it in its own
folder: `pip install --target FOLDER bert-extractive-summarizer 'transformers<5'`, then pass `--bert-extractive FOLDER`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

# A process inherits the peak memory of its parent, so large packages are imported only after all measurements.
from systems import BERT, DECODER_LAYERS, HUB_MINILM, MAIN, OURS, SYSTEMS, cores

HERE = Path(__file__).resolve().parent
GROWING = (f"{OURS}, brief, extract", MAIN, "sumy LexRank")
STOP = 60
ROUNDS = 5
LIBRARIES = ("ctranslate2", "numpy", "tokenizers", "sentencex", "sumy", "torch", "transformers")


def main() -> None:
    """Measures all systems, and writes and prints the results."""
    args = _arguments()
    articles = _articles(args.data)[: 3 if args.quick else None]
    rounds = 1 if args.quick else args.rounds
    systems = {name: _system(name, articles, rounds, args) for name in SYSTEMS if args.only in name}
    texts = [a["text"] for a in articles]
    figures: dict[str, Any] = {
        "command": _command(args),
        "machine": _machine(),
        "articles": {"count": len(texts), "words": round(statistics.mean(len(t.split()) for t in texts))},
        "systems": systems,
    }
    if not args.only:
        figures |= _costs(texts, rounds, args.quick)
    for name, result in systems.items():
        _score(result, articles, SYSTEMS[name])
    from page import page, systems_table

    if args.only:
        print("\n".join(systems_table(systems)))
        return
    text = page(figures)
    (HERE / "speed.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    (HERE / "speed.md").write_text(text, "utf-8")
    from draw import draw

    draw(figures, HERE / "speed.png")
    print(text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, metavar="FILE", help="JSONL with article or text, highlights or bullets, optionally brief"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"runs for each article (default: {ROUNDS})")
    parser.add_argument(
        "--quick", action="store_true", help="three articles, one round and short series, to try the command"
    )
    parser.add_argument(
        "--only", default="", metavar="NAME", help="only systems with this text in their name; writes no files"
    )
    parser.add_argument("--minilm", default=HUB_MINILM, metavar="FOLDER", help=f"encoder (default: {HUB_MINILM})")
    parser.add_argument("--bert-extractive", default="", metavar="FOLDER", help="folder of that package")
    return parser.parse_args()


def _articles(path: Path | None) -> list[dict[str, Any]]:
    if path:
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    else:
        rows = [json.loads(p.read_text("utf-8")) for p in sorted((HERE.parent / "examples").glob("*.json"))]
    return [_article(row) for row in rows]


def _article(row: dict[str, Any]) -> dict[str, Any]:
    bullets = row.get("highlights") or row.get("bullets") or []
    bullets = bullets.splitlines() if isinstance(bullets, str) else bullets
    return {"text": row.get("article") or row["text"], "bullets": bullets, "brief": row.get("brief") or bullets}


def _system(name: str, articles: list[dict[str, Any]], rounds: int, args: argparse.Namespace) -> dict[str, Any]:
    """Figures of a system, or the reason why it was not measured."""
    print(name, file=sys.stderr)
    job = {"name": name, "texts": [a["text"] for a in articles], "rounds": rounds, "checkpoint": args.minilm}
    result: dict[str, Any]
    try:
        if name == BERT and not args.bert_extractive:
            raise RuntimeError("it needs --bert-extractive FOLDER")
        if name in DECODER_LAYERS:
            with tempfile.TemporaryDirectory() as folder:
                _child("systems.py", {"write": name, "folder": folder})
                few = job["texts"][: 1 if args.quick else 2]  # an article takes many seconds
                result = _child("systems.py", job | {"texts": few, "rounds": 1, "checkpoint": folder})
        else:
            result = _child("systems.py", job, args.bert_extractive if name == BERT else "")
    except RuntimeError as error:
        print(f"  left out: {error}", file=sys.stderr)
        result = {"missing": str(error).replace(args.minilm, "the checkpoint").replace("|", "/")}
    return result | {"list": SYSTEMS[name]}


def _child(program: str, job: dict[str, Any], packages: str = "") -> Any:
    environment = os.environ | ({"PYTHONPATH": str(Path(packages).resolve())} if packages else {})
    command = [sys.executable, str(HERE / program)]
    done = subprocess.run(
        command, input=json.dumps(job), capture_output=True, text=True, check=False, env=environment, cwd=HERE.parent
    )
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["the process failed without a message"])[-1][:200])
    return json.loads(done.stdout.splitlines()[-1])


def _costs(texts: list[str], rounds: int, quick: bool) -> dict[str, Any]:
    lengths = [100, 200, 500, 1000, 2000] + ([] if quick else [5000, 10_000, 20_000])
    growth = {}
    for name in GROWING:
        print(f"length: {name}", file=sys.stderr)
        job = {"part": "length", "name": name, "texts": texts, "lengths": lengths, "stop": STOP, "rounds": rounds}
        growth[name] = _child("cost.py", job)
    number = []
    for articles in (10, 100, 1000) if quick else (100, 1000, 10_000):
        print(f"number: {articles}", file=sys.stderr)
        number.append(_child("cost.py", {"part": "number", "texts": texts, "articles": articles, "length": 100}))
    print("floor", file=sys.stderr)
    floor = _child("cost.py", {"part": "floor", "texts": texts, "rounds": rounds})
    return {"length": growth, "number": number, "floor": floor, "cold_start": _cold_start(1 if quick else 5)}


def _cold_start(times: int) -> float:
    """Median seconds of `summarize`, from the start of the process to its end."""
    example = sorted((HERE.parent / "examples").glob("*.json"))[0]
    seconds = []
    for _ in range(times):
        at = time.perf_counter()
        subprocess.run([sys.executable, "-m", "summarizer", str(example)], check=True, capture_output=True)
        seconds.append(time.perf_counter() - at)
    return statistics.median(seconds)


def _score(result: dict[str, Any], articles: list[dict[str, Any]], reference: str) -> None:
    """Replaces the bullets by the mean F1 of ROUGE-1, 2 and Lsum, if there is a human list."""
    bullets = result.pop("bullets", None)
    if not (bullets and reference and all(a[reference] for a in articles)):
        result["list"] = ""
        return
    from eval.measures import rouge

    scores = rouge(bullets, [[a[reference]] for a in articles])[:, :, 2].mean(0)
    result["rouge"] = [float(scores[i]) for i in (0, 1, 3)]


def _command(args: argparse.Namespace) -> str:
    """The command with its flags, without the names of local folders."""
    flags = {
        "--quick": args.quick,
        f"--rounds {args.rounds}": args.rounds != ROUNDS,
        "--data FILE": args.data,
        "--minilm FOLDER": args.minilm != HUB_MINILM,
        "--bert-extractive FOLDER": args.bert_extractive,
    }
    return " ".join(["python benchmarks/speed.py", *(flag for flag, given in flags.items() if given)])


def _machine() -> dict[str, Any]:
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.is_file() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": names[0] if names else platform.processor() or platform.machine(),
        "cores": cores(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


if __name__ == "__main__":
    main()
