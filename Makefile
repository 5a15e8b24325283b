# Everything a developer or CI runs. A fresh clone needs make and a Python from 3.11 on; the rest is made here, in
# .tools/ (uv, the SAM CLI) and .venv/. Nothing is made again until what it is made from changes.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# The processor of the functions: arm64 or x86_64. Where layers are built to, for `make layers`.
ARCH ?= arm64
OUT ?= .aws-sam/layers/$(ARCH)
# One worker per core; a file's tests stay together because they share what is dear to start. In their own order: the
# quick unit tests last, so that no worker waits for another's slow file.
PYTEST_ARGS ?= -n auto --dist loadfile --no-loadscope-reorder

UV := $(CURDIR)/.tools/bin/uv
BIN := .venv/bin
SAM := .tools/sam/bin/sam
SAM_ENV := SAM_CLI_TELEMETRY=0 __SAM_CLI_APP_DIR="$(CURDIR)/.tools/sam-state" PATH="$(CURDIR)/.tools/sam/bin:$$PATH"
EXPORT := $(UV) export --quiet --frozen --no-dev --no-emit-project --no-header --format requirements.txt
REQUIREMENTS := layers/dependencies/requirements.txt

export PYTHONPATH := $(CURDIR)/layers/unified
# Interpreters are found by tools/find-python, which says so when there is none.
export UV_PYTHON_DOWNLOADS := manual

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  %-20s %s\n", $$1, $$2 }'

# --- Installing -----------------------------------------------------------------------------------------------------

.tools/uv.stamp: tools/requirements.txt
	@python=$$(tools/find-python 3.13 3.14 3.12 3.11); \
	[ -x .tools/bin/python ] || "$$python" -m venv .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $<
	@touch $@

.venv/dev.stamp: .tools/uv.stamp pyproject.toml uv.lock
	@python=$$(tools/find-python 3.13 3.14 3.12 3.11); "$(UV)" sync --quiet --frozen --python "$$python"
	@touch $@

.venv-311/dev.stamp: .tools/uv.stamp pyproject.toml uv.lock
	@python=$$(tools/find-python 3.11); \
	UV_PROJECT_ENVIRONMENT=.venv-311 "$(UV)" sync --quiet --frozen --no-default-groups --group test --group local --python "$$python"
	@touch $@

.tools/sam.stamp: .tools/uv.stamp tools/sam/pyproject.toml tools/sam/uv.lock
	@python=$$(tools/find-python 3.13 3.12 3.11); \
	UV_PROJECT_ENVIRONMENT="$(CURDIR)/.tools/sam" "$(UV)" sync --quiet --frozen --project tools/sam --python "$$python"
	@touch $@

.PHONY: install
install: .venv/dev.stamp ## Make .venv with all that development needs

# --- Developing -----------------------------------------------------------------------------------------------------

.PHONY: dev
dev: install ## Run the whole stack on this machine
	@$(BIN)/python -m local

.PHONY: format
format: install ## Format the code and fix what can be fixed
	@$(BIN)/ruff check --fix --quiet . layers/dependencies/slim.py || true
	@$(BIN)/ruff format . layers/dependencies/slim.py

.PHONY: lint
lint: install ## Check style, types and the direction of imports
	@$(BIN)/ruff check . layers/dependencies/slim.py
	@$(BIN)/ruff format --check . layers/dependencies/slim.py
	@$(BIN)/pyright
	@PYTHONPATH=.:layers/unified $(BIN)/lint-imports
	@$(BIN)/python -m local.openapi --check
	@$(BIN)/python -m local.tables --check

.PHONY: docs
docs: install ## Write again what is computed from the code: the OpenAPI document, the tables of the documentation
	@$(BIN)/python -m local.openapi
	@$(BIN)/python -m local.tables

.PHONY: requirements
requirements: .tools/uv.stamp ## Write the layer's requirements from uv.lock
	@$(EXPORT) --output-file $(REQUIREMENTS) > /dev/null

.PHONY: check-requirements
check-requirements: .tools/uv.stamp ## Check that the layer's requirements are what uv.lock says
	@diff <($(EXPORT)) $(REQUIREMENTS) || { echo "$(REQUIREMENTS) is out of date: make requirements" >&2; exit 1; }

# --- Testing --------------------------------------------------------------------------------------------------------

.PHONY: test
test: lint check-requirements test-311 ## Check everything and run all tests
	@$(BIN)/pytest $(PYTEST_ARGS)

.PHONY: test-fast
test-fast: install ## Run the unit tests alone
	@$(BIN)/pytest tests/unit $(PYTEST_ARGS)

# The oldest Python that the code promises to run on, wherever this machine has it beside the one of .venv.
.PHONY: test-311
test-311: install
	@if tools/find-python 3.11 > /dev/null 2>&1 && ! $(BIN)/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then \
	  $(MAKE) .venv-311/dev.stamp && .venv-311/bin/pytest tests/unit -p no:cacheprovider $(PYTEST_ARGS); \
	fi

.PHONY: bench
bench: install ## Measure cold starts (layers as built for Lambda), mapping, warm requests, expansion, events
	@$(MAKE) layers ARCH=$(shell uname -m | sed 's/aarch64/arm64/')
	@$(BIN)/python -m benchmarks.cold_start
	@$(BIN)/python -m benchmarks.mapping
	@$(BIN)/python -m benchmarks.warm
	@$(BIN)/python -m benchmarks.expand
	@$(BIN)/python -m benchmarks.ingest
	@$(BIN)/python -m benchmarks.observe
	@$(BIN)/python -m benchmarks.deliver
	@$(BIN)/python -m benchmarks.events
	@$(BIN)/python -m benchmarks.sweep --where

# --- Building and deploying -----------------------------------------------------------------------------------------

.PHONY: sam-validate
sam-validate: .tools/sam.stamp ## Check template.yaml with the SAM CLI and cfn-lint, offline
	@$(SAM_ENV) $(SAM) validate --lint
	@$(SAM_ENV) .tools/sam/bin/cfn-lint template.yaml

# What the layers' makefiles read. No cache (samconfig.toml): SAM would not see that ARCH changed.
BUILD_ENV = python=$$(tools/find-python --install 3.13); export PYTHON="$$python" UV="$(UV)" ARCH="$(ARCH)"

.PHONY: sam-build
sam-build: .tools/sam.stamp check-requirements ## Build what is deployed, for ARCH, without Docker
	@$(BUILD_ENV); $(SAM_ENV) $(SAM) build --parameter-overrides "Architecture=$(ARCH)"

.PHONY: layers
layers: .tools/uv.stamp ## Build only the layers, for ARCH, into OUT
	@$(BUILD_ENV); rm -rf "$(OUT)"; \
	$(MAKE) -C layers/dependencies build-DependenciesLayer ARTIFACTS_DIR="$(abspath $(OUT))/dependencies"; \
	$(MAKE) -C layers/unified build-UnifiedLayer ARTIFACTS_DIR="$(abspath $(OUT))/unified"

.PHONY: deploy
deploy: sam-build ## Deploy to AWS, asking for what it needs to know (docs/deploy.md)
	@$(SAM_ENV) $(SAM) deploy --guided --parameter-overrides "Architecture=$(ARCH)"

.PHONY: clean
clean: ## Remove all that is made, the environments too
	rm -rf .venv .venv-311 .tools .aws-sam .pytest_cache .ruff_cache .hypothesis .import_linter_cache
