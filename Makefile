# SPDX-License-Identifier: Apache-2.0
# Everything is run from .venv, which `make setup` creates.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.complete
PYTEST_ARGS ?=
# How many tests run at a time; conftest.py says which of them may.
WORKERS ?= 2
# How many minutes of tests that are proved already `make test` runs nevertheless; the longest ago come first.
MINUTES ?= 10
PYTEST := $(BIN)/pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder

COLLECTION := collections/ansible_collections/indigo/paas
# Where molecule keeps what it knows of the nodes of a scenario: in each checkout for itself.
SCRATCH = .cache/molecule/$(or $(NAME),$(error say which: make $@ NAME=...))

.DEFAULT_GOAL := help
.PHONY: help demo test test-all test-group groups quick scenario setup engine postgresql node lint format service types bench clean

help:  ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup engine  ## Make a running HTCondor pool on this machine from examples/htcondor_pool.yaml
	$(BIN)/indigo-paas deploy examples/htcondor_pool.yaml --name demo
	$(BIN)/indigo-paas show demo

test: setup engine postgresql node  ## Run the tests of all that changed since it passed, and some of the rest
	@setup/sanity.sh $(BIN)
	$(PYTEST) --proofs=use --proofs-minutes=$(MINUTES) $(PYTEST_ARGS)

test-all: setup engine postgresql node  ## Run every test, and write down which groups pass
	@setup/sanity.sh $(BIN)
	$(PYTEST) --proofs=renew $(PYTEST_ARGS)

test-group: setup engine postgresql node  ## Run the groups of tests G="NAME..." and write them down (make groups)
	@setup/sanity.sh $(BIN)
	$(PYTEST) --proofs=renew $(addprefix --group=,$(or $(G),$(error say which: make test-group G=NAME; make groups lists them))) $(PYTEST_ARGS)

groups: setup  ## List the groups of tests, and which are proved
	@$(BIN)/python -m tests.proofs list

quick: setup postgresql node  ## Run the tests that need no container engine
	$(PYTEST) -m "not engine and not slow" $(PYTEST_ARGS)

scenario: setup engine  ## Do a step (DO=converge, verify, destroy, ...; or all) of the molecule scenario NAME
	cd $(COLLECTION) && PATH="$(CURDIR)/$(BIN):$$PATH" MOLECULE_EPHEMERAL_DIRECTORY="$(CURDIR)/$(SCRATCH)" \
		molecule $(or $(DO),test) -s $(NAME)

setup: $(STAMP)  ## Create .venv with the command and all that the tests need

$(STAMP): pyproject.toml setup/venv.sh
	@setup/venv.sh $(VENV)
	@touch $@

engine:  ## Install and start a container engine where none answers
	@setup/engine.sh

postgresql:  ## Install the PostgreSQL server that tests start where there is none
	@setup/postgresql.sh

node:  ## Install the Node.js with which tests run an OpenID provider where there is none
	@setup/node.sh

lint: setup  ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/ansible-lint

format: setup  ## Put the Python files into their form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

service: setup  ## Write the skeleton of a service NAME, with all its files and tests
	@$(BIN)/python setup/service.py $(NAME)

types: setup  ## Write docs/types.md and docs/types/ from the vocabulary
	$(BIN)/python docs/generate_types.py

bench: setup engine  ## Measure, and print the tables of docs/measurements.md
	$(BIN)/python -m benchmarks

clean:  ## Delete what was built here; deployments stay
	rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
