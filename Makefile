# Needs nothing but make, git and a Python of 3.11 to 3.13. `make` says what there is.

VENV := .venv
GPU_VENV := $(VENV)-gpu
BIN := $(VENV)/bin

# Shared models and clips, for tests and figures that want them; without they are skipped.
export VIGIL_DATA_DIR ?= $(abspath ../shared/data)

# A proxy that shows its own certificate is trusted where the system trusts it.
export UV_SYSTEM_CERTS ?= 1
# The Python that made the environment is the one that runs.
export UV_PYTHON_DOWNLOADS := never
# Compiled once, here: else every process of ours would do it at its start, and keep the memory.
export UV_COMPILE_BYTECODE := 1
unexport VIRTUAL_ENV

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test soak lint imports types format containers bench bench-gpu accuracy lock-check env-example env up up-gpu clean

help: ## Print this
	@echo "usage: make TARGET [NAME=value ...]"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-14s%s\n", $$1, $$2}'

run: $(VENV)/.run ## Run everything on this machine; PORT=5055, STREAM_PORT=, VIGIL_HOME=/folder
	@# Tied to make: whoever kills make means this too.
	@exec $(BIN)/python -I -S standalone/processes/tether.py --parent $$PPID --signal 15 \
		-- $(BIN)/python -m vigil run

# Many tests wait for something to happen, so more than one a core; a file's tests share servers.
JOBS ?= 3

test: $(VENV)/.dev ## Run the tests, three at a time; JOBS=0 one by one, ARGS="tests/unit -k name"
	@$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile $(ARGS)

lint: $(VENV)/.dev ## Look for faults that a linter sees, and for unformatted files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

imports: $(VENV)/.dev ## Check who may import whom
	@$(BIN)/lint-imports

types: $(VENV)/.dev ## Check the types
	@$(BIN)/mypy

format: $(VENV)/.dev ## Format the code and put what a linter can put right
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# One after the other: what they do to each other is not what is tried.
MINUTES ?= 30

soak: $(VENV)/.dev ## Let tests of faults go on for a long time; MINUTES=30 each, ARGS="-k kill"
	@$(BIN)/python -m pytest -m soak --soak $(MINUTES) $(ARGS)

containers: $(VENV)/.dev ## Try the containers on an engine of their own, as root on Debian; ARGS="-k name"
	@PYTHON=$(BIN)/python tests/containers/run.sh $(ARGS)

bench: $(VENV)/.dev ## Measure every row, or ROW=name; write bench/RESULTS.md
	@$(BIN)/python -m bench $(ROW)

# Without a driver nothing is fetched, and the program says what is missing.
bench-gpu: $(VENV)/.dev ## Measure an NVIDIA GPU; write bench/RESULTS-GPU.md; ARGS="--device cpu" tries it without
	@if $(BIN)/python -c 'import ctypes; ctypes.CDLL("libcuda.so.1")' 2>/dev/null; \
		then $(MAKE) --no-print-directory $(GPU_VENV)/.done; fi
	@python=$(GPU_VENV)/bin/python; test -e $(GPU_VENV)/.done || python=$(BIN)/python; \
		exec $$python -m bench.gpu $(ARGS)

accuracy: $(VENV)/.dev ## Measure the recognisers on the shared clips
	@$(BIN)/python -m bench.accuracy

lock-check: $(VENV)/.dev ## Check that uv.lock is current, and has wheels for each Python
	@$(BIN)/uv lock --check --quiet
	@$(BIN)/uv export --frozen --quiet --extra all --no-hashes --no-emit-project \
		--output-file $(VENV)/locked.txt
	@for version in 3.11 3.12 3.13; do \
		$(BIN)/uv pip compile --quiet --no-deps --only-binary :all: --python-version $$version \
			--output-file $(VENV)/resolved.txt $(VENV)/locked.txt || exit 1; \
		echo "uv.lock resolves for Python $$version"; \
	done

env-example: $(VENV)/.dev ## Write .env.example from the settings classes
	@$(BIN)/python -m tests.env_example > $(VENV)/env.example
	@mv $(VENV)/env.example .env.example

env: ## Write .env with fresh secrets for containers; keeps what is there
	@deploy/make-env

up: env ## Run in containers
	docker compose up --build --wait

up-gpu: env ## Run in containers, with an NVIDIA GPU
	docker compose -f docker-compose.yml -f docker-compose-gpu.yml up --build --wait

clean: ## Remove the environment and all caches, but no footage and no settings
	rm -rf $(VENV) $(GPU_VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- The environment: made once, and brought up to date only when the lock changed.

# The first that will do: what the machine calls python3, else the newest we are tested with.
PYTHON = $(shell for name in python3 python3.13 python3.12 python3.11 python; do \
	$$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& command -v $$name && break; done)

$(BIN)/python:
	@python='$(PYTHON)'; test -n "$$python" || { \
		echo "Vigil needs Python 3.11, 3.12 or 3.13, and found none on the PATH." \
			"Or name one: make run PYTHON=/path/to/python3.12" >&2; exit 1; }; \
	echo "making $(VENV) with $$($$python --version) ..."; \
	$$python -m venv --clear $(VENV) || { \
		echo "$$python cannot make an environment; on Debian and Ubuntu: apt install python3-venv" \
			>&2; exit 1; }

# An environment that somebody else made is taken as it is: another tool may have left out pip.
$(BIN)/uv: | $(BIN)/python
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.8,<1'

$(VENV)/.run: uv.lock pyproject.toml | $(BIN)/uv
	@echo "installing what uv.lock names; the first time takes a minute ..."
	@$(call install,--no-dev)
	@touch $@

$(VENV)/.dev: uv.lock pyproject.toml | $(BIN)/uv
	@echo "installing what uv.lock names, with the tools of development ..."
	@$(call install,)
	@touch $@ $(VENV)/.run

# The same, with ONNX Runtime for NVIDIA GPUs in the place of that for CPUs: they are one folder.
$(GPU_VENV)/.done: uv.lock deploy/service/cuda.txt | $(BIN)/uv
	@echo "making $(GPU_VENV), with 3 GB of CUDA ..."
	@$(BIN)/python -m venv --clear --without-pip $(GPU_VENV)
	@$(BIN)/uv export --frozen --quiet --extra all --no-dev --no-emit-project \
		--no-emit-package onnxruntime --output-file $(GPU_VENV)/locked.txt
	@index="$${PIP_INDEX_URL:-$$($(BIN)/python -m pip config get global.index-url 2>/dev/null)}"; \
	for file in $(GPU_VENV)/locked.txt deploy/service/cuda.txt; do \
		$(BIN)/uv pip install --python $(GPU_VENV)/bin/python --require-hashes --no-deps \
			$${index:+--default-index "$$index"} --requirement $$file || exit 1; \
	done
	@touch $@

# A line that is busy or bad is borne with, where nobody said otherwise.
export UV_HTTP_CONNECT_TIMEOUT ?= 30
export UV_HTTP_RETRIES ?= 8

# uv.lock names the files of pypi.org. Where pip is told of another index, the same versions with
# the same hashes are asked from that.
define install
index="$${PIP_INDEX_URL:-$$($(BIN)/python -m pip config get global.index-url 2>/dev/null)}"; \
if [ -z "$$index" ]; then \
	$(BIN)/uv sync --frozen --inexact --extra all $(1); \
else \
	$(BIN)/uv export --frozen --quiet --extra all --no-emit-project $(1) \
		--output-file $(VENV)/locked.txt \
	&& $(BIN)/uv pip install --python $(BIN)/python --default-index "$$index" \
		--requirement $(VENV)/locked.txt \
	&& $(BIN)/uv pip install --python $(BIN)/python --default-index "$$index" \
		--no-deps --editable .; \
fi
endef
