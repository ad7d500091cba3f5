"""Blind reading: the lists are mixed, the key tells whose they were, and the answers are counted."""

import json
import random
from math import exp

import pytest

from eval.blind import count, main

from ..articles import archive, written


@pytest.fixture
def folder(tmp_path):
    rows = archive(6)
    data = written(tmp_path / "data.jsonl", rows)
    ours = written(tmp_path / "ours.jsonl", [{"id": row["id"], "bullets": [f"ours of {row['id']}"]} for row in rows])
    main(
        [
            "write",
            str(tmp_path / "out"),
            "--data",
            str(data),
            "--brief",
            f"ours={ours}",
            "lead",
            "reference",
            "--size",
            "4",
        ]
    )
    return tmp_path / "out"


def test_every_article_has_every_list_and_no_name(folder):
    text = "".join((folder / f"batch_{i}.txt").read_text() for i in range(2))
    key = json.loads((folder / "key.json").read_text())
    assert text.count("=== ARTICLE") == len(key) == 6 and text.count("--- brief Q") == 6
    assert len({tuple(one["lists"]["brief"]) for one in key.values()}) > 1
    for number, one in key.items():
        at = text.index(f"=== ARTICLE {number}\n")
        for letter, name in zip("PQR", one["lists"]["brief"], strict=True):
            begins = {"ours": "ours of", "lead": "The council of", "reference": "Council of"}[name]
            assert text.index(f"--- brief {letter}\n- {begins} ", at) > at


def test_articles_of_earlier_readings_are_left_out(folder, capsys):
    data = folder.parent / "data.jsonl"
    read = {one["id"] for one in json.loads((folder / "key.json").read_text()).values()}
    assert len(read) == 6
    first, again = folder.parent / "first", folder.parent / "again"
    main(["write", str(first), "--data", str(data), "--standard", "lead", "reference", "--limit", "4"])
    main(["write", str(again), "--data", str(data), "--brief", "lead", "reference", "--leave-out", str(first)])
    ids = [{one["id"] for one in json.loads((made / "key.json").read_text()).values()} for made in (first, again)]
    assert [len(one) for one in ids] == [4, 2] and set.union(*ids) == read
    with pytest.raises(SystemExit):
        main(["write", str(again), "--data", str(data), "--brief", "lead", "--leave-out", str(folder)])
    assert "is in an earlier reading" in capsys.readouterr().err


def test_answers_are_counted_by_system(folder):
    key = json.loads((folder / "key.json").read_text())
    lines = []
    for number, one in key.items():
        letter = dict(zip(one["lists"]["brief"], "PQR", strict=True))
        lines.append(
            f"{number} | brief | {letter['ours']} > {letter['reference']}={letter['lead']} | {letter['lead']} u=1 a=2"
            f" | {letter['ours']} b=1 m=0 | remark"
        )
    table = count(folder, lines)
    assert "6 articles, brief lists." in table
    pairs = {line.split("|")[1].strip(): line for line in table.splitlines() if " against " in line}
    for name, cells in (("ours against lead", "6 | 0 | 0"), ("lead against reference", "0 | 6 | 0")):
        reverse = " against ".join(reversed(name.split(" against ")))
        assert cells in pairs[name] if name in pairs else " | ".join(reversed(cells.split(" | "))) in pairs[reverse]
    faults = {line.split("|")[1].strip(): line for line in table.splitlines() if "|" in line}
    names = [cell.strip() for cell in faults["faults"].split("|")[2:-1]]
    untrue = [int(cell) for cell in faults["untrue or misleading"].split("|")[2:-1]]
    assert dict(zip(names, untrue, strict=True)) == {"ours": 0, "lead": 6, "reference": 0}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("77 | brief | P>Q>R", "there is no 'brief' list of article '77'"),
        ("0 | brief | P>Q", "the ranking must name P, Q, R"),
        ("0 | brief | P>Q>X", "the ranking must name P, Q, R"),
        ("0 | brief | P>Q>P>R", "the ranking must name P, Q, R once each"),
        ("0 | brief | P>Q>R | Pu=1", "'Pu=1' is no list with its faults"),
        ("0 | brief | P>Q>R | P u=1b=2", "'P u=1b=2' is no list with its faults"),
        ("0 | brief | P>Q>R | P u:1", "'P u:1' is no list with its faults"),
        ("0 | brief | P>Q>R | P 1u", "'P 1u' is no list with its faults"),
        ("0 | brief | P>Q>R | P u=-1", "'P u=-1' is no list with its faults"),
        ("0 | brief | P>Q>R | P u=1 | P u=1", "'P u=1' is no list with its faults"),
        ("0 | brief | P>Q>R | X u=1", "'X u=1' is no list with its faults"),
        ("0 | brief | P>Q>R | P z=3", "'P z=3' is no list with its faults"),
        ("0 | brief", "an answer needs a number, a kind and a ranking"),
        ("0 | brief | P>Q>R\n0 | brief | P>Q>R", "second answer"),
    ],
)
def test_an_answer_of_another_form_is_named(folder, line, message):
    with pytest.raises(ValueError, match=message):
        count(folder, line.splitlines())


def test_what_a_fault_costs_is_learnt_from_what_was_preferred(tmp_path):
    draw = random.Random(1)
    key, lines = {}, []
    for number in range(400):
        key[str(number)] = {"id": str(number), "lists": {"brief": ["one", "other"]}}
        untrue, background = ([draw.randint(0, 2) for _ in "PQ"] for _ in "ub")
        worse = [3 * u + b for u, b in zip(untrue, background, strict=True)]
        first = draw.random() < 1 / (1 + exp(worse[0] - worse[1]))
        faults = " | ".join(f"{x} u={u} b={b}" for x, u, b in zip("PQ", untrue, background, strict=True))
        lines.append(f"{number} | brief | {'P>Q' if first else 'Q>P'} | {faults}")
    (tmp_path / "key.json").write_text(json.dumps(key))
    rows = {row.split("|")[1].strip(): row.split("|")[-2] for row in count(tmp_path, lines).splitlines() if "|" in row}
    costs = [float(rows[name].split("±")[0]) for name in ("untrue or misleading", "background, colour, trivia")]
    assert rows["faults"].strip() == "one costs" and costs == pytest.approx([3, 1], abs=0.7)
    assert "one costs" not in count(tmp_path, lines[:50])
