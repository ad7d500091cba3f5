"""Helpers of the batch tests: they run the command and read its outputs."""

import gzip
import io
import json
import subprocess
import sys
from pathlib import Path

import zstandard

FAST = {"policy": "extract", "length": "brief", "bullets": 2}
FLAGS = ("--policy", "extract", "--length", "brief", "--bullets", "2")
ENDINGS = ("jsonl", "jsonl.gz", "jsonl.zst")

DEADLY = """
import os
from summarizer.archive import archive_reader
read = archive_reader.Fields.article_of
def article_of(self, record):
    if "deadly" in str(record.values.get("id")):
        os._exit(9)
    return read(self, record)
archive_reader.Fields.article_of = article_of
"""
"""A sitecustomize.py: in every Python process that imports it, an article with "deadly" in its id ends the process."""


def batch(*args, stdin=b"", **options):
    command = [sys.executable, "-m", "summarizer", "batch", *map(str, args)]
    return subprocess.run(command, input=stdin, capture_output=True, check=False, **options)


def lines(path: Path) -> list[str]:
    """The records of a file, as lines."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    if path.suffix == ".zst":
        data = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data), read_across_frames=True).read()
    return data.decode("utf-8").splitlines()


def records(path: Path) -> list[dict]:
    return [json.loads(line) for line in lines(path)]


def errors(path: Path) -> dict[str, dict]:
    """The errors beside an output, by id."""
    beside = path.with_name(f"{path.name}.errors.jsonl")
    return {record["id"]: record["error"] for record in records(beside)} if beside.exists() else {}
