# One environment, built from the lock by itself. Needs Python 3.11–3.13 and make, nothing else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# uv installs in a tenth of pip's time: where it is not there, pip takes it from the lock first, and where it reaches no
# index that pip reaches, pip installs everything. Neither takes a package whose hash is not in the lock.
UV := $(or $(shell command -v uv 2>/dev/null),$(BIN)/uv)
PIP := -m pip install --quiet --disable-pip-version-check
# uv leaves compiling to Python's first run, which keeps nothing of it where this variable says so.
COMPILED := $(if $(PYTHONDONTWRITEBYTECODE),--compile-bytecode)
install = $(UV) pip install --quiet $(COMPILED) --python $(1)/bin/python $(2) || $(1)/bin/python $(PIP) $(2)
export DO_NOT_TRACK := 1
# As pip does: an office whose traffic is inspected has its own certificates among those of the system.
export UV_SYSTEM_CERTS := true

.DEFAULT_GOAL := help
.PHONY: help refresh test slow unit system site dev wheel clients calibrate renew bench lint format clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/'

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
		|| { echo "Python 3.11, 3.12 or 3.13 is needed; name one with make PYTHON=python3.12"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	awk '/^uv==/ { on = 1 } on { print } on && !/\\$$/ { exit }' requirements.lock > $(VENV)/uv.lock
	test -x $(UV) || $(BIN)/python $(PIP) --require-hashes -r $(VENV)/uv.lock
	$(call install,$(VENV),--require-hashes -r requirements.lock)
	$(call install,$(VENV),--no-deps --no-build-isolation --editable .)
	touch $(STAMP)

refresh: $(STAMP) ## embedded figures → archive → gate → vintages → dbt → release
	$(BIN)/nyckeltal refresh

# Files of few but long tests are not left for the end, where one processor would wait for the other.
SIDE_BY_SIDE := -n 2 --dist loadfile --no-loadscope-reorder

test: $(STAMP) ## every test but the whole runs
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not slow"

slow: $(STAMP) ## the tests that take whole runs: releases, nights, kills, pages in a browser
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m slow

unit: $(STAMP) ## the tests of single parts
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) tests/unit

system: ## install Debian's chromium and postgresql for the tests that need them, as root; else say what is missing
	.ci/system

site: $(STAMP) ## the pages of the current release, in data/site
	$(BIN)/nyckeltal site

dev: $(STAMP) ## Dagster's pages on http://127.0.0.1:3000, with the nightly schedule on
	$(BIN)/nyckeltal dev

wheel: $(STAMP) ## the wheel to install elsewhere, in dist
	rm -rf build dist
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

clients: ## an environment with the clients that others wrote, for the tests that hold the replicas against them
	test -x .venv-clients/bin/python || $(PYTHON) -m venv .venv-clients
	$(call install,.venv-clients,--require-hashes -r tests/support/clients/requirements.txt)

calibrate: $(STAMP) ## how often each method claims something where nothing is; takes a release, and minutes
	$(BIN)/python -m tests.calibration

renew: $(STAMP) ## what README, the cookbook and declared figures in prose show of the embedded figures, written anew
	$(BIN)/python -m tests.support.renew

bench: $(STAMP) ## measure every budget of speed, memory and disk, as ratios in one run
	$(BIN)/python -m benchmarks

lint: $(STAMP) ## ruff, mypy, which room imports which, sqlfluff, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/sqlfluff lint --disable-progress-bar dbt_project
	$(BIN)/nyckeltal generate --check
	$(BIN)/nyckeltal indicators validate

format: $(STAMP) ## put code in its form
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

clean: ## throw away what can be built again (keeps archive, vintages and releases)
	rm -rf $(VENV) data/staged data/builds data/cache dbt_project/target
