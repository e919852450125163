# Two commands matter: `make demo` and `make test`. Each sets up whatever it needs, and can be run again.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
LOCK_HASH := $(shell sha256sum requirements.lock 2>/dev/null | cut -c1-16)
READY := .venv/.ready-$(LOCK_HASH)

export DO_NOT_TRACK := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export PYTHONWARNINGS ?=

.PHONY: help setup check test demo up down status drills bench browser lock contracts

help: ## List what can be asked for
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Make the virtual environment, fetch the jars, parse the dbt project

$(READY): requirements.lock pyproject.toml connect/jgo.lock.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' \
		|| { echo "contrail needs Python 3.11 or 3.12; $(PYTHON) is another: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "[setup] virtual environment" >&2
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@awk '/^uv==/{p=1} p{print} p && !/\\$$/{exit}' requirements.lock > .venv/uv.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement .venv/uv.lock
	@echo "[setup] packages from requirements.lock (about 300, 1.6 GB on disk)" >&2
	$(BIN)/uv pip sync --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock
	$(BIN)/uv pip install --python $(BIN)/python --quiet --no-deps --editable .
	@echo "[setup] jars of Kafka, Connect and Debezium" >&2
	$(BIN)/python -m deploy.local.jars
	@echo "[setup] dbt manifest" >&2
	$(BIN)/python -m orchestration.parse
	rm -f .venv/.ready-*
	touch $@

browser: setup ## Find a chromium for the browser test, or fetch one
	@$(BIN)/python -m deploy.local.browser

check: setup ## Lint, types, layering, SQL style, security lint, secrets
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy app pipelines orchestration dashboards connect deploy tests
	$(BIN)/lint-imports --no-cache
	$(BIN)/sqlfluff lint dbt/models dbt/tests --disable-progress-bar
	$(BIN)/bandit --quiet --recursive app pipelines orchestration dashboards connect deploy --configfile pyproject.toml
	$(BIN)/python -m pytest -q tests/contracts/test_no_secrets.py

test: setup browser ## Every test but the slow drills
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest -m "not drill" --numprocesses 2 --no-loadscope-reorder

drills: setup ## Each fault alone, killed under load (slow)
	$(BIN)/python -m pytest -m drill

bench: setup ## Measure, as ratios inside one run; prints tables and writes JSON
	$(BIN)/contrail bench

demo: setup ## The tour: start all, play travellers and an attack, check every promise
	$(BIN)/contrail demo

up: setup ## Start the local stack
	$(BIN)/contrail up

down: ## Stop the local stack and leave no process behind
	$(BIN)/contrail down

status: ## What runs, where, and how far behind
	$(BIN)/contrail status

lock: ## Resolve requirements.lock again
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --python-version 3.11 --extra dev \
		pyproject.toml --output-file requirements.lock --quiet

contracts: setup ## Write the contracts of the captured tables from the core's models
	$(BIN)/python -m app.tables > orchestration/contracts.json
