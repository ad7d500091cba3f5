# `make demo` and `make test` set everything up in .venv; PYTHON chooses the interpreter (3.11 or later).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo desk test gate lint docs wheel model clean

demo: $(VENV)/base.done
	$(BIN)/summarize examples/thai-tyre-accord.json
	$(BIN)/summarize examples/thai-tyre-accord.json --length brief

# The editors' desk with the example articles, on http://127.0.0.1:8000.
desk: $(VENV)/serve.done
	$(BIN)/summarize serve --load examples

test: $(VENV)/dev.done lint docs
	$(BIN)/python -m pytest -n 2 --dist loadfile
	$(MAKE) --no-print-directory gate

# The shipped model on the examples of this repository: not below its floors (docs/evaluation.md).
gate: $(VENV)/dev.done
	$(BIN)/python -m eval --data examples --bullets-field brief --length brief --bullets 4 --floors eval/floors.json
	$(BIN)/python -m eval --data examples --bullets-field bullets --length standard --bullets auto --floors eval/floors.json

# All of models/base from raw data: DATA is a folder with headers_train.jsonl.gz, headers_validation.jsonl.gz, train.jsonl.gz
# and standfirst.jsonl.gz, ENCODER and T5 are the base checkpoints, Hub names or folders. Stopped at any moment, the same
# command goes on.
DATA ?= data
ENCODER ?= sentence-transformers/all-MiniLM-L6-v2
T5 ?= google/flan-t5-small
TRAIN = $(BIN)/python -m training
HEADERS = $(DATA)/headers_train.jsonl.gz
VALID = --validation $(DATA)/headers_validation.jsonl.gz --compare_with none --parts_from none
ARTICLES = $(DATA)/train.jsonl.gz,$(DATA)/standfirst.jsonl.gz
WRITTEN = judged corrected sentences standalone resolved corrected-resolved judged-shown judged-resolved judged-longer-context judged-smallest
model: $(VENV)/dev.done
	mkdir -p runs
	cat training/written/labelled*.jsonl.gz > runs/labelled-packed.jsonl.gz
	$(TRAIN) unpack runs/labelled-packed.jsonl.gz --articles $(ARTICLES) --output runs/labelled.jsonl.gz
	for name in $(WRITTEN); do \
		$(TRAIN) unpack training/written/$$name.jsonl.gz --articles $(ARTICLES) --output runs/$$name.jsonl.gz || exit 1; \
	done
	$(TRAIN) extractor --config training/configs/extractor.yaml --train $(HEADERS) $(VALID) --base_model $(ENCODER)
	$(TRAIN) rewriter --config training/configs/rewriter.yaml --train $(HEADERS) $(VALID) --base_model $(T5)
	$(TRAIN) verifier --config training/configs/verifier.yaml --base_model $(ENCODER)
	$(TRAIN) export runs/extractor --output models/base
	$(TRAIN) export runs/rewriter --output models/base
	$(TRAIN) export runs/verifier --output models/base

lint: $(VENV)/dev.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The documentation as a site, in dist/site.
docs: $(VENV)/dev.done
	$(BIN)/sphinx-build -W --keep-going -q -b html docs dist/site

# The wheel, installed into an empty environment and tried there.
wheel: $(VENV)/dev.done
	rm -rf dist/wheel dist/env
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist/wheel .
	$(PYTHON) -m venv dist/env
	dist/env/bin/pip install --quiet dist/wheel/*.whl
	cd dist && env -u PYTHONPATH env/bin/summarize ../examples/thai-tyre-accord.json --length brief

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; say make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

# -qq, since pip warns of an extra that lxml no longer has and trafilatura's packages ask for.
$(VENV)/serve.done: pyproject.toml $(VENV)/bin/python
	$(BIN)/pip install -qq --editable '.[serve]'
	touch $@

$(VENV)/base.done: pyproject.toml $(VENV)/bin/python
	$(BIN)/pip install -qq --editable '.[html]'
	touch $@

$(VENV)/dev.done: pyproject.toml $(VENV)/bin/python
	$(BIN)/pip install -qq --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info
