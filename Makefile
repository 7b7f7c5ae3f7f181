# Huifang 回访. `make` lists what there is to do; every target does the set-up it needs.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: fuzz hostile read-again coverage
.PHONY: help demo test run stop reset logs status setup lint types bench reconcile pictures compose helm upgrade

HUIFANG_PYTHON ?= $(shell for each in python3.13 python3.12 python3.11 python3 python; do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$each && break; done)
PY := .venv/bin/python
HUIFANG := $(PY) -m deploy.cli

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: environment ## a month of a gas company's follow-ups in a few minutes; leaves the platform running
	@$(HUIFANG) demo $(ARGS)

test: setup ## every test (ARGS="tests/visits -k lease" for some)
	$(PY) -m pytest -n 2 --dist loadgroup $(or $(ARGS),tests)

coverage: setup ## every test (or ARGS), and the lines that none of them reaches; twice as slow as `make test`
	@mkdir -p var/coverage
	$(PY) -m coverage erase
	$(PY) -m coverage run -m pytest -n 2 --dist loadgroup $(or $(ARGS),tests)
	$(PY) -m coverage combine --quiet
	$(PY) -m coverage report

run: environment ## the platform in the foreground; Ctrl-C stops it
	@$(HUIFANG) up

stop: environment ## stop the platform in order; the data stays
	@$(HUIFANG) down

status: environment ## every process and whether it is ready
	@$(HUIFANG) status

logs: environment ## follow the logs (P=gateway for one process)
	@$(HUIFANG) logs $(P)

reset: environment ## delete databases, topics, keys and logs (YES=1 does not ask)
	@$(HUIFANG) reset $(if $(YES),--yes)

reconcile: environment ## recount the funnel from databases and topics; name every mismatch
	@$(HUIFANG) reconcile $(ARGS)

compose: ## the platform in containers (deploy/README.md); needs Docker with its compose plugin
	@$(HUIFANG_PYTHON) deploy/compose/init.py
	HUIFANG_BUILD_COMMIT=$$(git rev-parse HEAD 2>/dev/null) docker compose -f deploy/compose.yaml up --build --detach

pictures: setup ## the pictures of the documentation, taken of a small demo
	@$(PY) -m tests.browser.pictures $(ARGS)

bench: setup ## measure against the rivals; writes bench/results.json and docs/benchmarks.md
	@$(PY) -m bench $(ARGS)

fuzz: setup ## 2,000 packs as careless and malicious authors would write them; tells the slowest and the largest
	HUIFANG_FUZZ=1 $(PY) -m pytest -s tests/fuzz

HOSTILE := tests/hostile tests/fuzz tests/architecture/test_loop_time.py tests/architecture/test_expressions.py tests/architecture/test_unstorable.py \
	tests/architecture/test_schemathesis.py tests/architecture/test_read_again.py \
	tests/architecture/test_change_again.py tests/architecture/test_planned_again.py tests/architecture/test_audited.py tests/architecture/test_edge.py tests/architecture/test_units.py \
	tests/architecture/test_needles.py tests/architecture/test_personal_data.py tests/architecture/test_typed_texts.py \
	tests/shared/test_audit.py tests/shared/test_audit_check.py tests/shared/test_auth.py tests/shared/test_safety.py \
	tests/shared/test_sessions.py tests/shared/test_yaml_reader.py tests/messaging/test_security.py \
	tests/gateway/domain/test_writeback.py tests/gateway/test_api_writeback.py \
	tests/scheduler/test_trials.py tests/scheduler/domain/packs/test_limits.py

hostile: setup ## every attack there is a test for (tests/hostile/README.md)
	HUIFANG_SCHEMA_EXAMPLES=40 $(PY) -m pytest -n 2 --dist loadgroup $(HOSTILE)

read-again: setup ## 5,000 strange bodies to every creating route: what was accepted can be read, changed and ended
	HUIFANG_FUZZ_EXAMPLES=5000 $(PY) -m pytest tests/architecture/test_read_again.py tests/architecture/test_change_again.py

lint: environment ## style, import contracts, unused dependencies and code
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	.venv/bin/lint-imports
	$(PY) -m deptry .
	$(PY) -m vulture

types: environment ## mypy --strict
	$(PY) -m mypy

setup: environment ## everything the first run needs from the network
	@$(HUIFANG) setup

.PHONY: environment
environment:
	@test -n "$(HUIFANG_PYTHON)" || { echo "Python 3.11 or newer is needed, and none is on the PATH. Install one (python.org, your distribution, or pyenv), or name it: make HUIFANG_PYTHON=/path/to/python3.12"; exit 1; }
	@$(HUIFANG_PYTHON) deploy/bootstrap.py

upgrade: setup ## the loop with services of the version before and of this one side by side (HUIFANG_UPGRADE_FROM=tag)
	HUIFANG_UPGRADE=1 $(PY) -m pytest tests/upgrade

HELM_MODULE := helm.sh/helm/v3/cmd/helm@v3.22.0
helm: var/tools/helm ## helm itself, built by the go command, for the tests of the chart

var/tools/helm:
	GOBIN=$(CURDIR)/var/tools GOFLAGS=-mod=mod go install $(HELM_MODULE)
