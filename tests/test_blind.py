"""Blind reading: the lists are mixed, the key tells whose they were, and the answers are counted."""

import json

import pytest

from eval.blind import count, main

from .conftest import archive, written


@pytest.fixture
def folder(tmp_path):
    rows = archive(6)
    data = written(tmp_path / "data.jsonl", rows)
    files = []
    for name in ("ours", "lead", "human"):
        lists = [{"id": row["id"], "bullets": [f"{name} of {row['id']}"]} for row in rows]
        files.append(f"{name}={written(tmp_path / f'{name}.jsonl', lists)}")
    main(["write", str(tmp_path / "out"), "--data", str(data), "--lists", "short", *files, "--size", "4"])
    return tmp_path / "out"


def test_every_article_has_every_list_and_no_name(folder):
    text = "".join((folder / f"batch_{i}.txt").read_text() for i in range(2))
    key = json.loads((folder / "key.json").read_text())
    assert text.count("=== ARTICLE") == len(key) == 6 and text.count("--- short Q") == 6
    assert len({tuple(one["short"]) for one in key.values()}) > 1
    for number, one in key.items():
        at = text.index(f"=== ARTICLE {number}\n")
        for letter, name in zip("PQR", one["short"], strict=True):
            assert text.index(f"--- short {letter}\n- {name} of ", at) > at


def test_answers_are_counted_by_system(folder):
    key = json.loads((folder / "key.json").read_text())
    lines = []
    for number, one in key.items():
        letter = dict(zip(one["short"], "PQR", strict=True))
        lines.append(
            f"{number} | short | {letter['ours']} > {letter['human']}={letter['lead']} | {letter['lead']} u=1 a=2"
            f" | {letter['ours']} b=1 m=0 | remark"
        )
    table = count(folder, lines)
    assert "6 articles, short lists." in table
    pairs = {line.split("|")[1].strip(): line for line in table.splitlines() if " against " in line}
    for name, cells in (("ours against lead", "6 | 0 | 0"), ("lead against human", "0 | 6 | 0")):
        reverse = " against ".join(reversed(name.split(" against ")))
        assert cells in pairs[name] if name in pairs else " | ".join(reversed(cells.split(" | "))) in pairs[reverse]
    faults = {line.split("|")[1].strip(): line for line in table.splitlines() if "|" in line}
    names = [cell.strip() for cell in faults["faults"].split("|")[2:-1]]
    untrue = [int(cell) for cell in faults["untrue or misleading"].split("|")[2:-1]]
    assert dict(zip(names, untrue, strict=True)) == {"ours": 0, "lead": 6, "human": 0}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("77 | short | P>Q>R", "there is no 'short' list of article '77'"),
        ("0 | short | P>Q", "the ranking must name P, Q, R"),
        ("0 | short | P>Q>R\n0 | short | P>Q>R", "second answer"),
    ],
)
def test_an_answer_of_another_form_is_named(folder, line, message):
    with pytest.raises(ValueError, match=message):
        count(folder, line.splitlines())
