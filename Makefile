# Everything a person or CI runs has its target here. `make` alone lists them.
# A machine needs Python 3.11 or newer, make and git; each target sets up the rest in .venv.

PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
# What is installed is remembered by the sum of what it was installed from.
sum     = $(shell cat $(1) 2>/dev/null | cksum | cut -d' ' -f1)
TOOLS  := $(VENV)/.tools-$(call sum,requirements/dev.txt)
# The tools of `make prove` are heavy, and nothing else needs them.
PROVE  := .venv-prove/.tools-$(call sum,requirements/prove.txt)
# So is Spark.
PIPELINES := .venv-pipelines/.ready-$(call sum,requirements/pipelines.txt pyproject.toml)
MEASURED := .venv-pipelines/.measured-$(call sum,requirements/strong.txt requirements/pipelines.txt pyproject.toml)
# So are those of `make docs`.
DOCS   := .venv-docs/.tools-$(call sum,requirements/docs.txt)
SWAGGER := tests/suites/prove/node/docs/node_modules/.ready-$(call sum,tests/suites/prove/node/docs/package-lock.json)
GENERATORS := tests/suites/prove/node/compilers/node_modules/.ready-$(call sum,tests/suites/prove/node/compilers/package-lock.json)
# What measures the tests, what builds a release, and the lowest versions that pyproject.toml allows.
STRONG := .venv-strong/.tools-$(call sum,requirements/dev.txt requirements/strong.txt pyproject.toml)
RELEASE := .venv-release/.tools-$(call sum,requirements/release.txt)
FLOORS := .venv-floors/.tools-$(call sum,requirements/floors.txt pyproject.toml)
STAMP  := $(VENV)/.ready-$(call sum,requirements/dev.txt pyproject.toml)
# One worker for each core, but never more than four: each may start a server and a database.
WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); [ $$n -gt 4 ] && n=4; echo $$n)

# Settings of the caller's shell must not reach the demo, the tests or the checks.
ISOLATE := env -u PYTHONPATH -u PYTHONHOME -u VIRTUAL_ENV

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all test-versions test-strength check format generate lock bench prove soak pipelines docs release release-check clean
# A target with several parts takes one by WITH=, and says which there are.
.PHONY: floors newest pythons versions-none coverage mutants strength-none generate-types docs-site docs-test release-prepare release-audit release-build

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

setup: $(STAMP) ## make .venv with everything that demo, test and check need

$(TOOLS): | scripts/check_prerequisites.py
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	  echo "$(PYTHON) was not found. Install Python 3.11 or newer, or name one: make $(or $(MAKECMDGOALS),setup) PYTHON=/path/to/python3" >&2; exit 2; }
	@$(PYTHON) scripts/check_prerequisites.py
	@echo "Setting up $(VENV) (once, about a minute) ..." >&2
	@$(ISOLATE) $(PYTHON) -m venv --clear $(VENV)
	@$(ISOLATE) $(PY) -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

$(STAMP): $(TOOLS)
	@$(ISOLATE) $(PY) -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP) ## the main job on the local sandbox with real data (LIVE=1: the reading part on your own server)
	@$(ISOLATE) $(PY) scripts/demo.py $(if $(LIVE),--live)

# What is wrong most often shows here. Left out are the folders that start campaigns, type checkers, notebooks and wheels,
# and the tests that tests/slow.txt names.
FIRST := tests/unit tests/contract tests/client tests/cli tests/sandbox tests/bulk tests/export README.md

test: $(STAMP) ## the tests to run before each commit (four minutes on two cores)
	@$(ISOLATE) $(PY) -m pytest -n $(WORKERS) -m "not slow" $(FIRST) $(ARGS)

test-all: $(STAMP) ## the whole test suite (a quarter of an hour)
	@$(ISOLATE) $(PY) -m pytest -n $(WORKERS) $(ARGS)

check: $(STAMP) ## lint, types, and what is generated against what it is generated from
	@$(ISOLATE) $(PY) -m ruff check .
	@$(ISOLATE) $(PY) -m ruff format --check .
	@$(ISOLATE) $(PY) -m mypy
	@$(ISOLATE) $(PY) -m basedpyright
	@$(ISOLATE) $(PY) scripts/generate.py --check
	@$(ISOLATE) $(PY) scripts/command_reference.py --check
	@$(ISOLATE) $(PY) scripts/evidence.py --check
	@$(ISOLATE) $(PY) scripts/fault_reference.py --check
	@$(ISOLATE) $(PY) scripts/figures.py --check
	@$(ISOLATE) $(PY) scripts/forms.py --check
	@$(ISOLATE) $(PY) scripts/contract_changelog.py --check
	@$(ISOLATE) $(PY) scripts/drift.py --quiet tests/contract/pages/environments.txt
	@$(ISOLATE) $(PY) scripts/breaking.py

# What cannot be mended, such as a line that is too long, is for `make check` to say.
format: $(STAMP) ## format the hand-kept code
	@$(ISOLATE) $(PY) -m ruff check --fix --exit-zero --quiet .
	@$(ISOLATE) $(PY) -m ruff format .

generate: $(STAMP) $(if $(WITH),generate-$(WITH)) ## write generated/ and the generated pages anew from openapi.yaml (WITH=types: contract/types.ts too, wants node 20)
	@$(ISOLATE) $(PY) scripts/generate.py
	@$(ISOLATE) $(PY) scripts/command_reference.py
	@$(ISOLATE) $(PY) scripts/evidence.py
	@$(ISOLATE) $(PY) scripts/fault_reference.py
	@$(ISOLATE) $(PY) scripts/figures.py
	@$(ISOLATE) $(PY) scripts/forms.py
	@$(ISOLATE) $(PY) scripts/contract_changelog.py

generate-types: $(STAMP) $(GENERATORS)
	@$(ISOLATE) $(PY) scripts/forms.py --types $(dir $(GENERATORS)).bin

LOCK = $(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
	  --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock"
# PySpark is half a gigabyte, and has a place of its own: .venv-pipelines.
WITHOUT_SPARK := --no-emit-package pyspark --no-emit-package py4j

lock: ## pin and hash the requirements anew (wants a network)
	@$(LOCK) $(WITHOUT_SPARK) --all-extras pyproject.toml requirements/dev.in --output-file requirements/dev.txt
	@$(LOCK) requirements/prove.in --output-file requirements/prove.txt
	@$(LOCK) requirements/docs.in --output-file requirements/docs.txt
	@$(LOCK) --constraint requirements/dev.txt requirements/strong.in --output-file requirements/strong.txt
	@$(LOCK) $(WITHOUT_SPARK) --constraint requirements/dev.txt --all-extras pyproject.toml requirements/release.in \
	  --output-file requirements/release.txt
	@$(LOCK) --constraint requirements/dev.txt --all-extras pyproject.toml requirements/pipelines.in \
	  --output-file requirements/pipelines.txt
	@$(PY) scripts/floors.py > requirements/floors.in
	@$(LOCK) $(WITHOUT_SPARK) --constraint requirements/floors.in --all-extras pyproject.toml requirements/dev.in \
	  --output-file requirements/floors.txt

bench: $(STAMP) ## measure speed, side by side in one run, and hold it against targets and record (six minutes)
	@$(ISOLATE) $(PY) -m benchmarks $(ARGS)

soak: $(STAMP) $(if $(filter pipelines,$(ARGS)),$(PIPELINES)) ## faults, hostile servers, churn, load, crashes (under half an hour); ARGS=pipelines for Spark
	@$(ISOLATE) PYTHONPATH=tests/suites:scripts $(PY) -m soak $(ARGS)

$(MEASURED): requirements/strong.txt | $(PIPELINES)
	@$(ISOLATE) .venv-pipelines/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/strong.txt
	@touch $@

pipelines: $(PIPELINES) ## the tests of the Spark source and its guides (wants Java 17)
	@$(ISOLATE) .venv-pipelines/bin/python -m pytest -c tests/suites/pipelines/pytest.ini $(or $(ARGS),tests/suites/pipelines)

$(PIPELINES): requirements/pipelines.txt
	@echo "Setting up .venv-pipelines (once, a few minutes: Spark is half a gigabyte) ..." >&2
	@$(ISOLATE) $(PYTHON) -m venv --clear .venv-pipelines
	@$(ISOLATE) .venv-pipelines/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/pipelines.txt
	@$(ISOLATE) .venv-pipelines/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

prove: $(STAMP) $(PROVE) ## prove that the contract can be trusted (wants node 20 and Java 17; about half an hour)
	@$(ISOLATE) PYTHONPATH=tests/suites:scripts $(PY) -m prove $(ARGS)

$(PROVE): requirements/prove.txt
	@echo "Setting up .venv-prove (once, about a minute) ..." >&2
	@$(ISOLATE) $(PYTHON) -m venv --clear .venv-prove
	@$(ISOLATE) .venv-prove/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/prove.txt
	@touch $@

docs: docs-site $(if $(WITH),docs-test) ## build the documentation into site/ (wants node 20; WITH=browser: and try it in headless Chromium)

docs-site: $(DOCS) $(SWAGGER)
	@$(ISOLATE) .venv-docs/bin/python scripts/forms.py --into contract/forms
	@rm -rf .venv-docs/site
	@$(ISOLATE) .venv-docs/bin/python -m sphinx -q -W --keep-going -E -b html -d .venv-docs/doctrees docs .venv-docs/site
	@rm -rf site && mv .venv-docs/site site
	@echo "The site is in site/. To read it: $(PYTHON) -m http.server 8080 --bind 127.0.0.1 --directory site" >&2

docs-test: $(STAMP) docs-site
	@$(ISOLATE) .venv-docs/bin/python -m pytest -c tests/suites/docs/pytest.ini $(or $(ARGS),tests/suites/docs)

$(DOCS): requirements/docs.txt
	@echo "Setting up .venv-docs (once, about half a minute) ..." >&2
	@$(ISOLATE) $(PYTHON) -m venv --clear .venv-docs
	@$(ISOLATE) .venv-docs/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/docs.txt
	@touch $@

$(SWAGGER) $(GENERATORS):
	@command -v npm >/dev/null 2>&1 || { \
	  echo "npm was not found. Install node 20 or newer (Debian: apt-get install nodejs npm)" >&2; exit 2; }
	@cd $(dir $(@D)) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

test-strength: $(or $(filter coverage mutants,$(WITH)),strength-none) ## how strong the tests are (WITH=coverage: wants Java 17; WITH=mutants: an hour)

strength-none versions-none:
	@echo "Say which: make test-strength WITH=coverage or mutants; make test-versions WITH=floors, newest or pythons" >&2; exit 2

coverage: $(STRONG) $(MEASURED)
	@rm -f .coverage .coverage.*
	@$(ISOLATE) .venv-strong/bin/python scripts/coverage_report.py -n $(WORKERS) $(ARGS)

mutants: $(STRONG)
	@$(ISOLATE) .venv-strong/bin/python scripts/mutants.py $(ARGS)

$(STRONG): requirements/dev.txt requirements/strong.txt
	@echo "Setting up .venv-strong (once, about a minute) ..." >&2
	@$(ISOLATE) $(PYTHON) -m venv --clear .venv-strong
	@$(ISOLATE) .venv-strong/bin/python -m pip install -qq --disable-pip-version-check --require-hashes \
	  -r requirements/dev.txt -r requirements/strong.txt
	@$(ISOLATE) .venv-strong/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

test-versions: $(or $(filter floors newest pythons,$(WITH)),versions-none) ## the suite on other versions (WITH=floors, newest or pythons)

floors: $(FLOORS)
	@# What the oldest versions of others warn of among themselves is not ours to mend.
	@$(ISOLATE) .venv-floors/bin/python -m pytest -n $(WORKERS) -W ignore::DeprecationWarning $(ARGS)

$(FLOORS): requirements/floors.txt
	@echo "Setting up .venv-floors (once, about a minute) ..." >&2
	@$(ISOLATE) $(PYTHON) -m venv --clear .venv-floors
	@$(ISOLATE) .venv-floors/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/floors.txt
	@$(ISOLATE) .venv-floors/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

newest:
	@echo "Setting up .venv-newest (each time, about a minute) ..." >&2
	@$(ISOLATE) $(PYTHON) -m venv --clear .venv-newest
	@$(ISOLATE) .venv-newest/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@# Without a lock: what came out today is what is asked about.
	@$(ISOLATE) .venv-newest/bin/python -m pip install -qq --disable-pip-version-check --no-build-isolation \
	  --upgrade --upgrade-strategy eager --editable .
	@$(ISOLATE) .venv-newest/bin/python -m pip list --disable-pip-version-check | grep -iE "^(httpx|httpcore|h11|anyio) "
	@$(ISOLATE) .venv-newest/bin/python -m pytest -n $(WORKERS) $(ARGS)

pythons: $(STAMP)
	@$(ISOLATE) $(PY) scripts/pythons.py -n $(WORKERS) $(ARGS)

release-audit: $(RELEASE)
	@$(ISOLATE) .venv-release/bin/python scripts/audit.py

release-build: $(RELEASE)
	@$(ISOLATE) .venv-release/bin/python scripts/release_build.py

release-check: $(STAMP) $(RELEASE) ## say whether all is ready for a release, and what a person has still to do (wants an index)
	@$(ISOLATE) .venv-release/bin/python scripts/release_check.py $(ARGS)

release: release-$(or $(WITH),prepare) ## make this tree the one to be released (WITH=build: fill dist/; WITH=audit: look for known vulnerabilities)

release-prepare: $(STAMP) $(RELEASE)
	@$(ISOLATE) .venv-release/bin/python scripts/release_check.py --prepare

$(RELEASE): requirements/release.txt
	@echo "Setting up .venv-release (once, about half a minute) ..." >&2
	@$(ISOLATE) $(PYTHON) -m venv --clear .venv-release
	@$(ISOLATE) .venv-release/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/release.txt
	@touch $@

clean: ## remove what the other targets made
	rm -rf $(VENV) .venv-* .prove .mutants .coverage .coverage.* site tests/suites/prove/node/*/node_modules dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
