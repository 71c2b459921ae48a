# chartgen and llm-stack. `make help` lists the targets.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := all
.PHONY: all help tools build validate check test test-fast e2e e2e-real lint faults bench docs format lock definitions clean

all: tools ## Set everything up, make charts/llm-stack, prove it, and say what was made
	@$(BIN)/chartgen build
	@$(BIN)/chartgen validate
	@echo "next: helm install llm charts/llm-stack -f values.yaml"

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The environment, from the lock alone. Made anew when the lock or the project's own metadata change.
$(STAMP): requirements.lock pyproject.toml
	@echo "environment in $(VENV) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

tools: $(STAMP) ## Find helm and kubeconform or install them, and make the schemas ready
	@$(BIN)/chartgen tools

build: $(STAMP) ## Make charts/llm-stack
	@$(BIN)/chartgen build

validate: tools ## Prove charts/llm-stack with its defaults, examples, cases and rejections
	@$(BIN)/chartgen validate

check: $(STAMP) ## Fail where charts/llm-stack is not what its sources make
	@$(BIN)/chartgen build --check

lint: $(STAMP) ## Look at the Python and the shell
	@$(BIN)/ruff check chartgen tests bench docs
	@$(BIN)/ruff format --check chartgen tests bench docs
	@find chartgen tests -name '*.sh' -print0 | xargs -0 $(BIN)/shellcheck -x -s sh

test: lint check validate ## Everything that CI runs
	@$(BIN)/pytest -n auto

test-fast: tools ## The tests that take seconds
	@$(BIN)/pytest -n auto -m "not slow"

e2e: tools ## Install every example, and what was published, on the cluster of KUBECONFIG; E2E="--example NAME" picks one
	@$(BIN)/python -m tests.e2e $(E2E)
	@$(BIN)/python -m tests.e2e.published

e2e-real: tools ## Prove the chart with a real ollama and kit on a real node; E2E=--help says what it needs
	@$(BIN)/python -m tests.e2e_real $(E2E)

faults: $(STAMP) ## Run the loaders in a hostile world: N=50 rounds of SEED=1
	@$(BIN)/python -m tests.scripts.faults --rounds $(or $(N),50) --seed $(or $(SEED),1)

bench: tools ## Measure against plain tools and, with PEER=FOLDER, another chart; make docs/bench.md
	@$(BIN)/python -m bench

docs: $(STAMP) ## Make the pages of docs/ that are made from data
	@$(BIN)/python -m docs.makers.accelerators
	@$(BIN)/python -m docs.makers.estimates

format: $(STAMP) ## Lay the Python out
	@$(BIN)/ruff check --fix chartgen tests bench docs
	@$(BIN)/ruff format chartgen tests bench docs

lock: ## Pin all dependencies anew in requirements.lock
	@$(PYTHON) -m venv $(VENV)/lock && $(VENV)/lock/bin/pip install --quiet pip-tools
	@$(VENV)/lock/bin/pip-compile --quiet --upgrade --extra dev --generate-hashes --strip-extras --allow-unsafe \
	  --no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
	  -o requirements.lock pyproject.toml

definitions: $(STAMP) ## Take Kubernetes' own definitions over into schemas/kubernetes-definitions.json
	@$(BIN)/python -c 'from chartgen import kubernetes; print(kubernetes.definitions_file(), end="")' > schemas/.new
	@mv schemas/.new schemas/kubernetes-definitions.json

clean: ## Remove the environment and all tools
	rm -rf $(VENV) .tools .pytest_cache .ruff_cache
