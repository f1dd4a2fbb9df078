# The commands of the project; `make` alone prints them.
# Needed: GNU make, git, and Python 3.11 or newer. Everything else goes into $(VENV).

PYTHON ?= python3
VENV ?= .venv

BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
INSTALL := $(PIP) install --constraint constraints.txt
PACKAGE := $(INSTALL) --build-constraint constraints.txt --editable .
PYTEST := $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: help lesson test test-slow oracles fuzz bench results screens check format clean

help:  ## print this table
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "  PYTHON=python3.12 takes another Python, VENV=.venv-3.12 another folder for it."

lesson: $(STAMPS)/package  ## set up, then train one neuron and show its workings, also as lesson.html
	$(BIN)/workings lesson one_neuron
	@echo "The same lesson as a page with pictures, for a browser:"
	@$(BIN)/workings lesson one_neuron --out "$(CURDIR)/lesson.html"

test: $(STAMPS)/npm  ## set up, then run the tests and the examples in the docstrings
	$(PYTEST) -n auto --maxprocesses 8 --doctest-modules src tests

test-slow: $(STAMPS)/npm  ## run the tests that take long
	$(PYTEST) -m "slow and not oracle"

oracles: $(STAMPS)/npm $(STAMPS)/oracles  ## install PyTorch and JAX (large), then compare with them
	$(PYTEST) -m oracle

fuzz: $(STAMPS)/test  ## run random graphs on the engine native for MINUTES=60, from SEED=0 on
	$(BIN)/python -m tests.fuzz --minutes $(or $(MINUTES),60) --seed $(or $(SEED),0)

bench: $(STAMPS)/test $(STAMPS)/oracles  ## install PyTorch and JAX (large), then measure against them; deriving and pages too
	$(BIN)/python bench/scale.py
	$(BIN)/python bench/page.py
	$(BIN)/python -m bench.peers

results: $(STAMPS)/test  ## train nets on real data and write docs/results.md; WORKINGS_DATA=FOLDER has the data
	$(BIN)/python -m bench.results

screens: $(STAMPS)/test  ## take the pictures in docs/screens with an installed browser
	$(BIN)/python -m docs.screens

check: $(STAMPS)/check  ## check format, lint, types and layers
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports

format: $(STAMPS)/check  ## format the sources and apply ruff's safe fixes
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:  ## remove the virtual environment, builds and caches
	rm -rf $(VENV) build dist .hypothesis .import_linter_cache .pytest_cache .ruff_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp says that a part is installed; it is older than what names the part when that changed.

$(STAMPS)/pip: constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "workings needs Python 3.11 or newer: try make PYTHON=python3.12"; exit 1; }
	@echo "Setting up $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(INSTALL) --upgrade pip
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/package: pyproject.toml constraints.txt $(STAMPS)/pip
	@echo "Installing workings"
	@$(PACKAGE)
	@touch $@

$(STAMPS)/%: pyproject.toml constraints.txt $(STAMPS)/package
	@echo "Installing what '$*' needs (a minute or so)"
	@$(INSTALL) --group $*
	@touch $@

# npm itself comes from PyPI, so that nothing else is asked for.
$(STAMPS)/npm: tests/browser/package.json $(STAMPS)/test
	@echo "Installing what the tests need from npm"
	@mkdir -p $(VENV)/js && cp $< $(VENV)/js/
	@$(BIN)/npm install --prefix $(VENV)/js --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
