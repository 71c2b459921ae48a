# chartgen and llm-stack. `make help` lists the targets.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := all
.PHONY: all help next tools build validate check test test-fast thorough e2e e2e-real lint parity faults kills fuzz bench docs editor site format lock definitions clean

all: tools ## Set everything up, build charts/llm-stack, check it, and print what to do next
	@$(BIN)/chartgen build
	@$(BIN)/chartgen validate
	@$(MAKE) --no-print-directory --silent next

# Helm is the one that chartgen found, which need not be on PATH.
next: $(STAMP) ## Print what to do next
	@helm=$$($(BIN)/chartgen tools | awk '$$1 == "helm" {print $$3}'); \
	if [ "$$(command -v helm)" = "$$helm" ]; then helm=helm; else helm=$${helm#"$(CURDIR)/"}; fi; \
	echo "next:"; \
	echo "  $$helm install llm charts/llm-stack   # a small model on CPUs, and a web UI"; \
	echo "  $(BIN)/chartgen plan --set-string model.tag=7b   # what a larger model needs"; \
	echo "  $(BIN)/chartgen validate -f charts/llm-stack/examples/two-servers.yaml   # check a values file"

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The environment, from the lock alone. It is made again when the lock or the project's metadata changes.
$(STAMP): requirements.lock pyproject.toml
	@echo "environment in $(VENV) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

tools: $(STAMP) ## Find helm and kubeconform or install them, and prepare the schemas
	@$(BIN)/chartgen tools

build: $(STAMP) ## Build charts/llm-stack
	@$(BIN)/chartgen build

validate: tools ## Check charts/llm-stack with its defaults, examples, cases and rejections
	@$(BIN)/chartgen validate

check: $(STAMP) ## Fail if charts/llm-stack differs from its sources
	@$(BIN)/chartgen build --check

lint: $(STAMP) ## Check the style of the Python and the shell scripts
	@$(BIN)/ruff check chartgen tests bench docs wheels
	@$(BIN)/ruff format --check chartgen tests bench docs wheels
	@find chartgen tests -name '*.sh' -print0 | xargs -0 $(BIN)/shellcheck -x -s sh

test: lint check validate ## Everything that CI runs
	@$(BIN)/pytest -n auto -m "not thorough"

test-fast: tools ## Run the tests that take seconds
	@$(BIN)/pytest -n auto -m "not slow"

thorough: tools ## Run what make test leaves out: more random mistakes, texts and types, scripts in every shell, all of the benchmark once
	@$(BIN)/pytest -n auto -m thorough
	@MISTAKES=10 TEXTS=all LEAVES=all ALL_SHELLS=1 $(BIN)/pytest -n auto \
	  tests/compose/test_one_random_mistake.py tests/llm_stack/test_text_into_yaml.py tests/importing/test_importing.py \
	  tests/scripts

parity: tools ## Render and check everything by the prover and by the commands of Helm and kubeconform, and compare
	@PARITY=all $(BIN)/pytest tests/programs/test_prover.py

e2e: tools ## Install every example, upgrades and what was published on the cluster of KUBECONFIG; E2E="--example NAME" picks one
	@$(BIN)/python -m tests.e2e --record docs/proved.yaml $(E2E)
	@$(BIN)/python -m tests.e2e.upgrades
	@$(BIN)/python -m tests.e2e.dry_run
	@$(BIN)/python -m tests.e2e.published
	@$(BIN)/python -m tests.e2e.immutable

e2e-real: tools ## Check the chart with a real ollama and kit on a real node; E2E=--help shows what it needs
	@$(BIN)/python -m tests.e2e_real --record docs/proved.yaml $(E2E)

faults: $(STAMP) ## Run the loaders in a hostile environment: N=50 rounds of SEED=1
	@$(BIN)/python -m tests.scripts.faults --rounds $(or $(N),50) --seed $(or $(SEED),1)

kills: tools ## Kill builds, packages, publications and loaders at random moments of SEED=1
	@$(BIN)/python -m tests.kills --seed $(or $(SEED),1)

fuzz: tools ## Validate N=1000 values files made from the schema by SEED=1; print the smallest of each kind of error; FUZZ=--help has more
	@$(BIN)/python -m tests.fuzz --count $(or $(N),1000) --seed $(or $(SEED),1) $(FUZZ)

bench: tools ## Measure against plain tools and, with PEER=FOLDER, another chart; write docs/bench.md
	@$(BIN)/python -m bench

docs: $(STAMP) ## Write the pages of docs/ that are made from data
	@$(BIN)/python -m docs.makers.accelerators
	@$(BIN)/python -m docs.makers.estimates
	@$(BIN)/python -m docs.makers.mistakes
	@$(BIN)/python -m docs.makers.examples
	@$(BIN)/python -m docs.makers.differences
	@$(BIN)/python -m docs.makers.page
	@$(BIN)/python -m docs.makers.proved

editor: $(STAMP) ## Bundle the editor of the page from its lock file; needs npm
	@$(BIN)/python -m chartgen.configure.bundle

site: $(STAMP) ## Build the documentation site in build/site
	@test -x build/venv/bin/python || $(PYTHON) -m venv build/venv
	@build/venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-site.lock
	@rm -rf build/source build/site
	@$(BIN)/python -m docs.makers.site build
	@cd build && venv/bin/zensical build --strict -f mkdocs.yml

format: $(STAMP) ## Format the Python
	@$(BIN)/ruff check --fix chartgen tests bench docs wheels
	@$(BIN)/ruff format chartgen tests bench docs wheels

lock: ## Pin all dependencies again in requirements.lock and requirements-site.lock
	@$(PYTHON) -m venv $(VENV)/lock && $(VENV)/lock/bin/pip install --quiet pip-tools
	@for set in dev=requirements.lock site=requirements-site.lock; do \
	  $(VENV)/lock/bin/pip-compile --quiet --upgrade --extra $${set%=*} --generate-hashes --strip-extras --allow-unsafe \
	    --no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
	    -o $${set#*=} pyproject.toml || exit; \
	done

definitions: $(STAMP) ## Update schemas/kubernetes-definitions.json from Kubernetes' own definitions
	@$(BIN)/python -c 'from chartgen.kubernetes import definitions; print(definitions.definitions_file(), end="")' > schemas/.new
	@mv schemas/.new schemas/kubernetes-definitions.json

clean: ## Remove the environment and all tools
	rm -rf $(VENV) .tools .pytest_cache .ruff_cache
