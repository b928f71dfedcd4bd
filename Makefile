# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

PYTHON ?= python3
JOBS ?= 2

VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
STATE := $(CURDIR)/.ansible
CACHE := $(CURDIR)/.cache
REPORTS := $(CACHE)/reports

# A user's own configuration and collections must not shadow the checkout.
export ANSIBLE_HOME := $(STATE)
export ANSIBLE_CONFIG := $(STATE)/ansible.cfg
export ANSIBLE_COLLECTIONS_PATH := $(STATE)/collections
export MOLECULE_GLOB := molecule/*/molecule.yml
export PATH := $(BIN):$(PATH)

PYTEST = $(BIN)/python -m pytest -n $(JOBS)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.SUFFIXES:

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- environments -----------------------------------------------------------------------------------------------

.PHONY: setup
setup: $(VENV)/.stamp-setup ## make .venv with what an audit needs
	@tests/tools/link.sh $(VENV)

.PHONY: setup-dev
setup-dev: setup $(VENV)/.stamp-setup-dev ## add the tools for tests to .venv

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is missing or older than 3.11, which ansible-core needs: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.stamp-setup: requirements.txt meta/ee-requirements.txt | $(VENV)/bin/python
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@mkdir -p $(STATE) && touch $(ANSIBLE_CONFIG) $@

$(VENV)/.stamp-setup-dev: requirements-dev.txt tests/unit/requirements.txt $(VENV)/.stamp-setup
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

# --- the demonstration ------------------------------------------------------------------------------------------

.PHONY: audit
audit: demo ## audit the demonstration: a drifted copy of a small application
	@tests/demo/audit.sh

.PHONY: demo
demo: setup ## only build the demonstration, below .cache/demo
	@$(BIN)/python tests/demo/build_demo.py $(CACHE)/demo

# --- tests ------------------------------------------------------------------------------------------------------

.PHONY: test
test: clean-reports lint audit unit e2e lab-checks unit-py38 sanity test-newest ## everything that CI runs
	@$(BIN)/python tests/tools/summary.py $(REPORTS) unit e2e lab

.PHONY: clean-reports
clean-reports:
	@rm -rf $(REPORTS)

.PHONY: unit
unit: setup-dev ## unit tests
	$(PYTEST) --junitxml=$(REPORTS)/unit.xml -m "not lab" tests/unit

.PHONY: e2e
e2e: setup-dev ## end-to-end tests: real audits of trees made for the test
	$(PYTEST) --junitxml=$(REPORTS)/e2e.xml -m "not lab" tests/integration

.PHONY: faults
faults: setup-dev ## kill, fail and cut the power of changes of a host at every point
	EVENKEEL_FAULTS=all $(PYTEST) -rP --junitxml=$(REPORTS)/faults.xml tests/unit/plugins/module_utils/act \
	  tests/integration/test_safety_changes.py tests/integration/test_safety_power.py \
	  tests/integration/test_safety_interrupted.py
	EVENKEEL_FAULTS=all tests/lab/with.sh $(BIN)/python -m pytest -rP --junitxml=$(REPORTS)/cuts.xml tests/integration/test_lab_cuts.py

.PHONY: unit-py38
unit-py38: setup-dev ## what runs on hosts, under Python 3.8 where it is installed
	@tests/tools/host_python.sh 3.8 $(CACHE)/py38 $(REPORTS)/unit-py38.xml

.PHONY: test-newest
test-newest: setup-dev ## unit and end-to-end tests on the newest ansible-core, with Python 3.13 where it is installed
	@JOBS=$(JOBS) tests/tools/newest.sh 3.13 $(CACHE)/newest $(REPORTS)

# --- the lab ----------------------------------------------------------------------------------------------------

.PHONY: lab
lab: ## bring the lab up: real hosts with systemd and containers of their own (tests/lab)
	@tests/lab/up.sh

.PHONY: lab-down
lab-down: ## take the lab down, with the engine if `make lab` started it
	@tests/lab/down.sh

.PHONY: lab-test
lab-test: setup-dev ## tests against the hosts of the lab and its engine; brings it up, and takes it down unless it was up
	tests/lab/with.sh $(PYTEST) --junitxml=$(REPORTS)/lab.xml -m lab tests/integration tests/unit/plugins/module_utils/act/points/test_points_docker.py

.PHONY: molecule
molecule: setup-dev ## the roles on this machine and against hosts of the lab; one of the scenarios with SCENARIO=name
	tests/lab/with.sh $(BIN)/molecule test $(if $(SCENARIO),--scenario-name $(SCENARIO),--all)

.PHONY: lab-checks
lab-checks: setup-dev
	@tests/lab/with.sh $(MAKE) --no-print-directory molecule lab-test

.PHONY: lint
lint: setup-dev ## formatting, types, documentation, licences
	@tests/tools/lint.sh

.PHONY: sanity
sanity: setup-dev ## ansible-test sanity on a copy of the checkout, with no ignores
	@tests/tools/sanity.sh

.PHONY: bench
bench: setup-dev ## time the audit against its peers; prints ratios
	@test -d tests/benchmark || { echo "tests/benchmark is missing" >&2; exit 1; }
	$(BIN)/python tests/benchmark
	$(BIN)/python tests/benchmark --live
	$(BIN)/python tests/benchmark --logs
	$(BIN)/python tests/benchmark --judge
	@tests/lab/with.sh $(MAKE) --no-print-directory bench-lab

.PHONY: bench-lab
bench-lab: setup-dev
	$(BIN)/python tests/benchmark --lab
	$(BIN)/python tests/benchmark --sync

.PHONY: clean
clean: ## remove what these targets made; run folders stay
	@if [ -d $(CACHE)/lab ]; then tests/lab/down.sh; fi
	rm -rf $(VENV) .ansible .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis build
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
