# One file of commands; `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
PORT ?= 8000
WORKERS ?= 2
ARGS ?=
UPGRADE ?=

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
LOCKS := requirements/runtime.txt requirements/dev.txt
STAMP := .venv/.installed
DEMO_STAMP := .venv/.installed-demo
# Settings create their data directory; a command that only reads gets a temporary one.
NO_HOME := export DJANGO_SETTINGS_MODULE=qunce.settings QUNCE_HOME=$$(mktemp -d); unset DATABASE_URL; trap 'rm -rf "$$QUNCE_HOME"' EXIT

# Set in some containers; every start of Python would then compile all of Qunce again.
unexport PYTHONDONTWRITEBYTECODE

EXACT := tests/test_exactness.py tests/core/test_lots.py $(addprefix tests/activities/,auctions/test_histories.py auctions/test_races.py draws/test_drawing.py draws/test_verifier.py flash_sales/test_races.py instant_draws/test_races.py mall/test_races.py meetups/test_races.py meetups/test_waitlist.py points/test_conservation.py points/test_races.py prizes/test_races.py red_packets/test_races.py) tests/members/rule_text/test_parsing.py tests/outreach/playbooks $(addprefix tests/outreach/test_,channel_sending.py contact_limits.py empty_values.py kept_places.py send_order.py) tests/api/test_openapi.py tests/sets/test_payload_numbers.py $(addprefix tests/importing/test_,dialects.py log_round_trips.py round_trip.py spilled_facts.py undo_in_reverse.py) $(addprefix tests/insight/,findings first_answers goals/test_pace.py positioning/test_voice.py reports/test_reports.py test_typed_numbers.py test_words.py) $(addprefix tests/,core/test_community_days.py demo/test_simulation.py groups/overlaps/test_overlap_sets.py members/clauses/test_random.py members/tags/test_merge_undo.py outreach/group_templates/test_applications.py outreach/test_audience_plan.py sets/test_funnels.py)

demo: export QUNCE_HOME ?= $(CURDIR)/var/demo

.PHONY: help install demo test programs run-tests test-times test-dates check check-types check-rest pictures pages fix bench docs messages faults exact oracles matrix clean lock

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

install: $(STAMP) ## create .venv from the hash-locked requirements

$(STAMP): $(LOCKS) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Qunce needs Python 3.11 or newer, this is " + sys.version.split()[0])'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) install --quiet $(NO_COMPILE) --require-hashes $(addprefix -r ,$(LOCKS))
	$(PIP) install --quiet $(NO_COMPILE) --no-deps --no-build-isolation --editable .
	touch $@

$(DEMO_STAMP): requirements/demo.txt $(STAMP)
	$(PIP) install --quiet $(NO_COMPILE) --no-deps --require-hashes -r $<
	touch $@

demo: $(STAMP) $(DEMO_STAMP) ## create and serve two demo communities: make demo PORT=8000 LANG=zh
	$(if $(filter command,$(origin LANG)),QUNCE_LANG=$(LANG)) $(BIN)/qunce demo --port $(PORT)

# Python compiles what the tests import, which is a fifth of what pip would compile.
test: export NO_COMPILE := --no-compile
test: ## run everything CI runs: checks, SQLite, PostgreSQL
	@$(MAKE) --no-print-directory -j 2 programs $(DEMO_STAMP) check-rest
	@$(MAKE) --no-print-directory -j 2 check-types run-tests

programs:
	@$(PYTHON) -m tests.programs

run-tests: $(STAMP)
	$(BIN)/python -m tests.run -n $(WORKERS) --dist worksteal $(ARGS)

check: $(STAMP) ## format, lint, types, contracts, migrations, sizes
	@$(MAKE) --no-print-directory -j 2 check-types check-rest

check-types: $(STAMP)
	@$(NO_HOME); $(BIN)/mypy

check-rest: $(STAMP)
	@$(NO_HOME); \
	$(BIN)/ruff format --check .; \
	$(BIN)/ruff check .; \
	$(BIN)/djlint qunce --lint --quiet; \
	$(BIN)/lint-imports --no-logo; \
	$(BIN)/python -m django makemigrations --check --dry-run; \
	$(BIN)/python tools/sizes.py qunce

test-times: $(DEMO_STAMP) ## run the tests and list their CPU seconds by folder, file, test and fixture
	$(BIN)/python -m tests.run -p tests.times -n $(WORKERS) --dist worksteal $(ARGS)

test-dates: $(DEMO_STAMP) ## run the tests that know dates under faketime
	$(BIN)/python -m tests.dates -n $(WORKERS) --dist worksteal $(ARGS)

pictures: $(STAMP) ## photograph every screen and the pictures of the guide
	QUNCE_PICTURES=1 $(BIN)/python -m pytest tests/functional -n $(WORKERS) $(ARGS)

pages: $(STAMP) ## open every page as everybody, in both languages, widths and themes, with axe
	QUNCE_PAGES=1 $(BIN)/python -m pytest tests/functional/test_pages.py tests/functional/test_screens.py -n $(WORKERS) $(ARGS)

fix: $(STAMP) ## fix and format what ruff can fix
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(STAMP) ## run the benchmarks: make bench SIZE=small
	@$(NO_HOME); $(BIN)/python -m bench $(ARGS)

docs: $(STAMP) ## regenerate the reference
	@$(NO_HOME); $(BIN)/python -m docs $(ARGS)

messages: $(STAMP) ## collect translatable sentences, compile translations
	$(BIN)/python tools/messages.py --missing

faults: $(STAMP) ## kill processes at random moments and count lost and doubled facts
	$(BIN)/python -m tests.faults $(ARGS)

exact: $(STAMP) ## compare the engine with the oracle, and imports with what was written
	HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest $(EXACT) $(ARGS)

oracles: ## compare experiments with tea-tasting and gbstats, in a virtual environment of its own
	@folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	$(PYTHON) -m venv "$$folder"; \
	"$$folder/bin/pip" --disable-pip-version-check install --quiet --no-deps --require-hashes -r requirements/oracles.txt; \
	"$$folder/bin/python" -m tests.insight.experiments.oracle

matrix: $(STAMP) ## run the scenes on a real Matrix server and print each with its result
	$(BIN)/python -m tests.matrix $(ARGS)

clean: ## delete everything that can be regenerated, keep var/
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

lock: $(STAMP) ## lock the requirements again; UPGRADE=--upgrade for newest versions
	$(BIN)/python tools/lock.py $(UPGRADE)
