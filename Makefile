# make demo: from nothing to a tracked video.  make test: what must hold, in minutes.  make test-all: everything.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

JOBS ?= auto
PYTEST = $(BIN)/python -m pytest -n $(JOBS) --dist worksteal

.PHONY: help demo test test-all lint types results performance ablation ten-minutes clean

help:
	@echo "make demo     environment, install, render a rally, track it, score it (writes demo/)"
	@echo "make test     environment, install, lint, format check, type check, tests but the slow ones (JOBS=1: one at a time)"
	@echo "make test-all the same with the slow ones: kills, runs of two processes, archives, every recipe"
	@echo "make lint     ruff check and format check"
	@echo "make types    mypy"
	@echo "make results  score the shipped checkpoints on CLIPS=..., write README's table (REUSE=1: keep what is scored)"
	@echo "make performance  measure this machine, a quarter of an hour, write the tables of docs/performance.md (REUSE=1: what is not in build/performance/)"
	@echo "make ablation CLIPS=... RUNS=...  train and score the rows of docs/ablations.md (RALLIES=...: train on these too)"
	@echo "make ten-minutes CLIPS=... OUTPUT=...  train the full networks on one accelerator, score them, write releases"
	@echo "make clean    remove the environment and what the commands wrote"

# The environment follows pyproject.toml. Editable, so that a change in the tree is what runs.
$(BIN)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	@touch $@

demo: $(BIN)/.installed
	$(BIN)/tracknet demo --output demo

# Small programs run no slower without XLA's optimizations, and compile in two thirds of the time.
test: export JAX_DISABLE_MOST_OPTIMIZATIONS ?= 1
test: lint types
	$(PYTEST) -m "not slow"

test-all: lint types
	$(PYTEST)

lint: $(BIN)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(BIN)/.installed
	$(BIN)/mypy

CLIPS ?= clips
results: $(BIN)/.installed
	$(BIN)/python tools/results.py "$(CLIPS)" $(if $(REUSE),--reuse)

performance: $(BIN)/.installed
	$(BIN)/python tools/performance.py $(if $(REUSE),--reuse)

RUNS ?= runs/ablation
ablation: $(BIN)/.installed
	$(BIN)/python tools/ablation.py "$(RUNS)" --data "$(CLIPS)" $(if $(RALLIES),"$(RALLIES)")

OUTPUT ?= runs/ten
ten-minutes: $(BIN)/.installed
	$(BIN)/python tools/ten_minutes.py "$(CLIPS)" --output "$(OUTPUT)"

clean:
	rm -rf $(VENV) demo .pytest_cache .mypy_cache .ruff_cache
