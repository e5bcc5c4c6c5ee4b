# Every target makes what it needs first; on a fresh machine `make demo` and `make test` are the first commands to type.
PYTHON   ?= python3
PLATFORM ?= trading
ENV      ?= dev
WORKERS  ?= 2

VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.made-from-lock
DEPLOY  = $(BIN)/python -m deploy
TARGET  = --platform $(PLATFORM) --environment $(ENV) $(OPTIONS)

.DEFAULT_GOAL := help
.PHONY: help setup templates format lint types stale check test test-unit databases bench demo local down \
        gates bootstrap package changeset review execute outputs replay destroy lock clean

help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- Environment ------------------------------------------------------------------------------------------------------
setup: $(STAMP) ## the virtual environment, from the lock with its hashes

$(STAMP): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ": call make PYTHON=python3.12")'
	@$(PYTHON) -m venv --clear $(VENV)
	@echo "Installing the pinned dependencies into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.txt
	@touch $@

# What the Lambda runtime brings with boto3 is left out of the functions' locks; packaging installs just what they name.
RUNTIME := botocore urllib3 six python-dateutil s3transfer boto3
LOCK     = $(BIN)/uv pip compile --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --quiet

# Instances bring nothing: all that their services import is in the lock.
lock: setup ## writes requirements.txt from requirements.in, here, for each function and for each service
	$(LOCK) requirements.in --output-file requirements.txt --universal --python-version 3.11
	for folder in $(dir $(wildcard lambda_src/*/requirements.in)); do \
	  $(LOCK) $$folder/requirements.in --output-file $$folder/requirements.txt --no-annotate --only-binary :all: \
	    --python-platform aarch64-manylinux_2_34 --python-version 3.14 $(RUNTIME:%=--no-emit-package %) || exit 1; \
	done
	for folder in $(dir $(wildcard web_src/*/requirements.in)); do \
	  $(LOCK) $$folder/requirements.in --output-file $$folder/requirements.txt --no-annotate --only-binary :all: \
	    --python-platform x86_64-manylinux_2_34 --python-version 3.14 || exit 1; \
	done

clean: ## removes everything that was made
	rm -rf $(VENV) .cache .deploy .local build .mypy_cache .ruff_cache .pytest_cache .hypothesis

# --- Templates and gates ----------------------------------------------------------------------------------------------
templates: setup ## writes templates/, the graph in the docs and docs/openapi.yaml from the builders
	$(BIN)/python generate.py
	$(BIN)/python generate.py --graph docs/architecture.md
	$(BIN)/python -m openapi

lint: setup ## cfn-lint and the other checks of templates and parameter files
	$(BIN)/python -m gate $(OPTIONS)

format: setup ## formats the code in place
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

types: setup ## mypy, strict
	$(BIN)/mypy generate.py builders deploy gate local bench sample openapi
	MYPYPATH=lambda_src $(BIN)/mypy lambda_src
	MYPYPATH=web_src $(BIN)/mypy web_src

stale: setup ## fails where committed templates differ from what the builders make
	$(BIN)/python generate.py --check --quiet

gates: setup lint types ## format, lint, types: what `make test` does not run
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .

check: stale gates test ## format, lint, types, stale templates, tests

# --- Tests ------------------------------------------------------------------------------------------------------------
# Without a database server its tests skip, and the last line says so; with REQUIRE_DATABASES=1, as in CI, that is an error.
test: setup ## all tests; ends with the requirements that no test names
	@$(BIN)/python -m local.servers || test "$${REQUIRE_DATABASES:-0}" = 0
	$(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile $(OPTIONS)

test-unit: setup ## the tests that need no emulator
	$(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile -m "not emulator" $(OPTIONS)

databases: setup ## MariaDB and a PostgreSQL with TLS, into the user's cache where this machine has none
	$(BIN)/python -m local.servers

bench: setup ## speed, as ratios to references measured in the same run
	$(BIN)/python -m bench $(OPTIONS)

# --- Embedded AWS -----------------------------------------------------------------------------------------------------
demo: setup ## the whole platform on the embedded AWS: generate, deploy, use, look
	$(BIN)/python -m local demo --platform $(PLATFORM) $(OPTIONS)

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

execute: setup ## executes exactly the reviewed plan
	$(DEPLOY) execute $(TARGET)

outputs: setup ## the stack's outputs
	$(DEPLOY) outputs $(TARGET)

replay: setup ## quarantined objects and dead letters, back for processing after their cause was mended
	$(DEPLOY) replay $(TARGET)

destroy: setup ## deletes everything, after a confirmation
	$(DEPLOY) destroy $(TARGET)
