# make demo, make test: each sets everything up on a fresh machine with Python 3.11 or newer.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PHOTOS ?= ../shared/photos

.PHONY: demo test lint bench docs clean

demo: $(VENV)/.installed
	$(BIN)/enxerto demo

test: $(VENV)/.test lint
	$(BIN)/pytest -n 2

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks.run --photos $(PHOTOS) --output docs/benchmarks.md

docs: $(VENV)/.docs
	$(BIN)/sphinx-build -W -q docs docs/_build
	@echo docs/_build/index.html

$(VENV)/.bench: pyproject.toml | $(VENV)/.installed
	$(BIN)/pip install --quiet --editable '.[all,bench]'
	touch $@

$(VENV)/.docs: pyproject.toml | $(VENV)/.installed
	$(BIN)/pip install --quiet --editable '.[all,docs]'
	touch $@

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --editable '.[all]'
	touch $@

$(VENV)/.test: pyproject.toml | $(VENV)/.installed
	$(BIN)/pip install --quiet --editable '.[all,test]'
	touch $@

clean:
	rm -rf $(VENV) enxerto-demo .mypy_cache .pytest_cache .ruff_cache
