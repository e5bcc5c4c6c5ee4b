# Every target makes what it needs first; on a fresh machine `make demo` and `make test` are the first commands to type.
PYTHON   ?= python3
PLATFORM ?= trading
ENV      ?= dev
WORKERS  ?= 3

VENV   := .venv
BIN    := $(VENV)/bin
SETUP  := $(VENV)/.requirements
DEV    := $(VENV)/.requirements-dev
BENCH  := .venv-bench/.requirements-bench
CDK    := bench/cdk/node_modules/.package-lock.json
PACKS  := .venv-packs/.requirements-packs
NODE   := tools/packs/node/node_modules/.package-lock.json
DEPLOY  = $(BIN)/python -m deploy
TARGET  = --platform $(PLATFORM) --environment $(ENV) $(OPTIONS)

.DEFAULT_GOAL := help
.PHONY: help setup dev outdated hooks templates format lint types stale diff packs check test test-unit coverage matrix databases browser bench bench-reference \
        demo local down gates bootstrap package changeset review approve execute outputs replay destroy lock clean

help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- Environment ------------------------------------------------------------------------------------------------------
# Each environment comes from a lock with its hashes, and anew when the lock has changed.
setup: $(SETUP) ## the virtual environment for templates, gate, deployer and demo
dev: $(DEV) ## the same, with what tests and types need

$(SETUP): requirements.txt
	@$(PYTHON) -m tools.venv --new $(VENV) $<
	@touch $@

$(DEV): requirements-dev.txt $(SETUP)
	@$(PYTHON) -m tools.venv $(VENV) $<
	@touch $@

$(CDK): bench/cdk/package-lock.json
	@npm ci --loglevel=error --prefer-offline --fetch-retries=5 --no-audit --no-fund --prefix $(dir $<)
	@touch $@

$(BENCH): requirements-bench.txt
	@$(PYTHON) -m tools.venv --new $(@D) $<
	@touch $@

$(NODE): tools/packs/node/package-lock.json
	@npm ci --loglevel=error --prefer-offline --fetch-retries=5 --no-audit --no-fund --ignore-scripts --prefix $(dir $<)
	@touch $@

$(PACKS): requirements-packs.txt
	@$(PYTHON) -m tools.venv --new $(@D) $<
	@touch $@

# What the Lambda runtime brings with boto3 is left out of the functions' locks; packaging installs just what they name.
RUNTIME := botocore urllib3 six python-dateutil s3transfer boto3
LOCK     = $(BIN)/uv pip compile --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --quiet

# Instances bring nothing: all that their services import is in the lock.
lock: dev ## writes each requirements*.txt from its .in: here, for each function and for each service
	for name in requirements requirements-dev requirements-bench requirements-packs; do \
	  $(LOCK) $$name.in --output-file $$name.txt --universal --python-version 3.11 || exit 1; \
	done
	for folder in $(dir $(wildcard lambda_src/*/requirements.in)); do \
	  $(LOCK) $$folder/requirements.in --output-file $$folder/requirements.txt --no-annotate --only-binary :all: \
	    --python-platform aarch64-manylinux_2_34 --python-version 3.15 $(RUNTIME:%=--no-emit-package %) || exit 1; \
	done
	for folder in $(dir $(wildcard web_src/*/requirements.in)); do \
	  $(LOCK) $$folder/requirements.in --output-file $$folder/requirements.txt --no-annotate --only-binary :all: \
	    --python-platform x86_64-manylinux_2_34 --python-version 3.14 || exit 1; \
	done

outdated: dev ## the pins that have a newer version; changes nothing
	@$(BIN)/python -m tools.outdated

hooks: dev ## the checks of .pre-commit-config.yaml, before each commit in this clone
	@$(BIN)/pre-commit install

clean: ## removes everything that was made
	rm -rf $(VENV) .venv-bench .venv-packs bench/cdk/node_modules tools/packs/node/node_modules .cache .deploy .local build .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage

# --- Templates and gates ----------------------------------------------------------------------------------------------
templates: setup ## writes templates/, and the other files that are made from the code or from cfn-lint
	$(BIN)/python generate.py
	$(BIN)/python generate.py --graph docs/graphs.md
	$(BIN)/python -m tools.openapi
	$(BIN)/python -m tools.rules_page
	$(BIN)/python -m tools.conformance_page
	$(BIN)/python -m tools.schema_facts
	$(BIN)/python -m tools.layers docs/architecture.md

lint: setup ## cfn-lint and the other checks of templates and parameter files
	$(BIN)/python -m gate $(OPTIONS)

# Each pack in an environment of its own, because their dependencies contradict those of the project.
packs: setup $(PACKS) $(NODE) ## checkov, cdk-nag and cfn-guard over the templates; needs npm
	$(BIN)/python -m tools.packs $(OPTIONS)

format: dev ## formats the code in place
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Three runs, because functions and service import their modules from folders of their own, builders the schema by its path.
types: dev ## mypy, strict, over the tests too
	$(BIN)/mypy entry.py generate.py builders cfn review deploy docs gate local bench tools tests \
	  --exclude '^tests/(lambda_src|web_src|local/market_data|local/support/sample_functions|deploy/support/data)/'
	MYPYPATH=lambda_src $(BIN)/mypy lambda_src tests/lambda_src tests/local/market_data
	MYPYPATH=web_src $(BIN)/mypy web_src tests/web_src

stale: setup ## fails where committed templates differ from what the builders make
	$(BIN)/python generate.py --check --quiet

# From where this branch left main, so that what main did since does not count. Without origin, the local main.
AGAINST ?= $(shell git merge-base origin/main HEAD 2>/dev/null || echo main)

diff: setup ## what this checkout changes in every environment, without AWS (OPTIONS="--against REVISION")
	@$(DEPLOY) diff --against $(AGAINST) $(OPTIONS)

gates: dev lint types ## format, lint, types: what `make test` does not run
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .

check: stale gates test ## format, lint, types, stale templates, tests

# --- Tests ------------------------------------------------------------------------------------------------------------
# With bytecode, also where the environment says otherwise: each worker would rewrite the asserts of all modules anew.
PYTEST = PYTHONDONTWRITEBYTECODE= $(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

# Without a database server its tests skip, and the last line says so; with REQUIRE_DATABASES=1, as in CI, that is an error.
test: dev ## all tests; ends with the requirements that no test names
	@$(BIN)/python -m local.host.servers || test "$${REQUIRE_DATABASES:-0}" = 0
	$(PYTEST) -m "not matrix" $(OPTIONS)

test-unit: dev ## the tests that need no server: in two minutes
	$(PYTEST) -m "not slow and not emulator and not matrix" $(OPTIONS)

coverage: dev ## branch coverage of the unit tests; fails below the floor in pyproject.toml
	$(PYTEST) -m "not slow and not emulator and not matrix" --cov --cov-report=term:skip-covered $(OPTIONS)

matrix: dev ## every case of the matrices of which `make test` takes a sample
	$(PYTEST) -m matrix $(OPTIONS)

databases: setup ## MariaDB and a PostgreSQL with TLS and pgAudit, into the user's cache where this machine has none
	$(BIN)/python -m local.host.servers

browser: setup ## a Chromium for the tests of HTML pages, into the user's cache where this machine has none
	$(BIN)/python -m local.host.browser

bench-reference: $(CDK) ## the CDK's difference library, with which `make bench` compares the review; needs npm

bench: dev $(BENCH) $(if $(shell command -v npm),$(CDK)) ## speed, as ratios to references measured in the same run
	$(BIN)/python -m bench $(OPTIONS)

# --- Embedded AWS -----------------------------------------------------------------------------------------------------
demo: setup ## the whole platform on the embedded AWS: generate, deploy, use, look
	$(BIN)/python -m local demo $(TARGET)

local: setup ## starts the embedded AWS and leaves it running
	$(BIN)/python -m local up $(OPTIONS)

down: setup ## stops it
	$(BIN)/python -m local down

# --- Deployment: PLATFORM=trading ENV=dev, against AWS or wherever AWS_ENDPOINT_URL points -------------------------------
bootstrap: setup ## the artifact bucket, once for each account and region
	$(DEPLOY) bootstrap $(TARGET)

package: setup ## zips of functions and services, uploads, rewritten templates
	$(DEPLOY) package $(TARGET)

changeset: setup ## packages, makes the nested change set, saves and prints the plan
	$(DEPLOY) plan $(TARGET)

review: setup ## what the plan would change, and how certain that is
	$(DEPLOY) review $(TARGET)

approve: setup ## allows the plan to be executed, here or on another machine
	$(DEPLOY) approve $(TARGET)

execute: setup ## executes exactly the approved plan
	$(DEPLOY) execute $(TARGET)

outputs: setup ## the stack's outputs
	$(DEPLOY) outputs $(TARGET)

replay: setup ## quarantined objects and dead letters, back for processing after their cause was fixed
	$(DEPLOY) replay $(TARGET)

destroy: setup ## deletes everything, after a confirmation
	$(DEPLOY) destroy $(TARGET)
