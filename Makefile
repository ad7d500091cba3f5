# `make demo` and `make test` set everything up in .venv; PYTHON chooses the interpreter (3.11 or later).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test gate lint clean

demo: $(VENV)/base.done
	$(BIN)/summarize examples/thai-tyre-accord.json
	$(BIN)/summarize examples/thai-tyre-accord.json --length brief

test: $(VENV)/dev.done lint
	$(BIN)/python -m pytest
	$(MAKE) --no-print-directory gate

# The shipped model on the examples of this repository: not below its floors (docs/evaluation.md).
gate: $(VENV)/dev.done
	$(BIN)/python -m eval --data examples --bullets-column brief --length brief --bullets 4 --floors eval/floors.json
	$(BIN)/python -m eval --data examples --bullets-column bullets --length standard --bullets auto --floors eval/floors.json

lint: $(VENV)/dev.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; say make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/base.done: pyproject.toml $(VENV)/bin/python
	$(BIN)/pip install --quiet --editable '.[html]'
	touch $@

$(VENV)/dev.done: pyproject.toml $(VENV)/bin/python
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info
