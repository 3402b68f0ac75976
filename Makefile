# Two commands do everything: `make demo` and `make test`. Each makes what it needs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest --numprocesses auto --dist loadfile
FAST := not slow and not convert and not tflite_runtime

# Test data of other people; tests that need it are skipped, with the reason, without it.
ifneq ($(wildcard ../shared/corpus),)
export EDGEKIT_CORPUS ?= $(abspath ../shared/corpus)
endif

.PHONY: demo test test-fast fuzz lint demos android-check ios-check wheel-check bench format clean

demo: $(VENV)/.convert
	$(BIN)/edgekit demo

# A process for each core and one more; what a file's tests share is made once.
test: $(VENV)/.dev
	$(PYTEST) $(ARGS)

# What can be said in some minutes: nothing that takes TensorFlow, and no long simulation.
test-fast: $(VENV)/.dev
	$(PYTEST) -m "$(FAST)" $(ARGS)

# Damaged files, a thousand of each format: some minutes. `make test` draws a tenth of them.
fuzz: $(VENV)/.dev
	EDGEKIT_FUZZ_FILES=1000 $(BIN)/python -m pytest --numprocesses auto tests/fuzz -rP $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The apps: compiled, run and checked as far as that goes without a phone.
demos: android-check ios-check
android-check: $(VENV)/.dev
	$(MAKE) -C android_demo check
ios-check: $(VENV)/.dev
	$(MAKE) -C ios_demo check

# The wheel and the sdist: built, installed and used where there is no checkout.
wheel-check: $(VENV)/.dev
	PYTHON=$(BIN)/python checks/wheel.sh

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Ratios against what one would do without edgekit; needs the corpus.
bench: $(VENV)/.dev
	$(BIN)/python benchmarks/run.py

$(VENV)/.python:
	$(PYTHON) -c 'import sys; assert (3, 11) <= sys.version_info[:2] <= (3, 13), "edgekit needs Python 3.11 to 3.13: make PYTHON=python3.11"'
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.convert: $(VENV)/.python requirements/convert.txt pyproject.toml setup.py
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/convert.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.convert requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/dev.txt
	touch $@

clean:
	rm -rf $(VENV) out build dist *.egg-info
