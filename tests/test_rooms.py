"""The structure of the code: rooms that import each other one way and by their front, files and folders of a size that
a reader can take in."""

import ast
from pathlib import Path

import pytest

from .articles import ROOT

PACKAGES = ("summarizer", "training", "eval")
ORDER = (
    "errors version cpu reading summary options deadline models checks points writers stream summarizer "
    "archive flags desk cli"
).split()
"""What `summarizer` is made of. Each imports only what stands before it."""
FILE_LINES = 400
FOLDER_FILES = 14


def sources(*folders):
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def module_of(path: Path) -> list[str]:
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    return parts[:-1] if parts[-1] == "__init__" else parts


def imports(path: Path):
    """The modules of this project that a file imports from, in full."""
    package = module_of(path) if path.name == "__init__.py" else module_of(path)[:-1]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            found = above + (node.module.split(".") if node.module else [])
            # A module of a room is private, unless the room exports something of its name.
            folder, names = ROOT.joinpath(*found), [alias.name for alias in node.names]
            front = (folder / "__init__.py").read_text("utf-8") if folder.is_dir() else ""
            modules = [one for one in names if (folder / f"{one}.py").is_file() and f'"{one}"' not in front]
            yield from [[*found, one] for one in modules] or [found]
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".") for alias in node.names)


def is_room(parts) -> bool:
    return len(parts) > 1 and (ROOT / Path(*parts[:2])).is_dir()


@pytest.mark.parametrize("path", sources(*PACKAGES), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_is_entered_by_its_front(path):
    own = module_of(path)[:2]
    for found in imports(path):
        if found[0] in PACKAGES and is_room(found) and found[:2] != own:
            assert len(found) == 2, f"{'.'.join(found)} is private to its room; import from {'.'.join(found[:2])}"


@pytest.mark.parametrize("path", sources("summarizer"), ids=lambda path: str(path.relative_to(ROOT)))
def test_arrows_run_one_way(path):
    own = module_of(path)
    if len(own) == 1 or own[1] == "__main__":  # the front of the whole
        return
    for found in imports(path):
        if found[0] == "summarizer" and len(found) > 1 and found[1] != own[1]:
            assert ORDER.index(found[1]) < ORDER.index(own[1]), f"{own[1]} imports {found[1]}"
        assert found[0] not in ("training", "eval", "benchmarks", "tests")


def test_the_measures_know_nothing_of_training():
    for path in sources("eval"):
        assert not [found for found in imports(path) if found[0] == "training"], path


def test_files_and_folders_are_small():
    paths = sources(*PACKAGES, "tests", "benchmarks")
    long = {
        str(path.relative_to(ROOT)): lines
        for path in paths
        if (lines := len(path.read_text().splitlines())) > FILE_LINES
    }
    assert not long
    folders = {path.parent for path in paths if path.parent.name != "benchmarks"}  # scripts, side by side
    full = {
        str(folder.relative_to(ROOT)): count
        for folder in folders
        if (count := len(list(folder.glob("*.py")))) > FOLDER_FILES
    }
    assert not full
