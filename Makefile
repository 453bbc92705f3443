# Needs python3 (3.11 or newer), make, and a package index that pip can reach. Everything else goes into .venv.

PYTHON ?= python3
VENV := .venv
# What is installed beside the library takes memory, so that it is measured without the developers' tools.
BENCH := .venv-bench
BIN := $(VENV)/bin
LOWEST := 3.11
PROCESSES ?= $(shell $(PYTHON) -c 'import os; print(min(4, 1 + (os.cpu_count() or 1)))')
ROUNDS ?= 30
PROGRAMS := $(foreach folder,benchmarks examples,$(if $(wildcard $(folder)/*.py $(folder)/*/*.py),$(folder)))

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Where an image sets it, each of the hundreds of processes that the tests start would compile the library again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo quick test test-stores mutants steady chaos endings engines rolling rights cells downloads bench docs constraints clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/$(if $(WEB),.web,.run) ## create a help desk in ./ticket-export-demo, export a view of it, show the file; with WEB=1, serve its list with an Export button
	@$(BIN)/ticket-export demo $(if $(WEB),--web)

# No database, no S3, no other process and no coverage: those are in `make test`.
quick: $(VENV)/.dev ## lint, types, unit tests: for each save, under a minute
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy src tests
	$(BIN)/pytest -q --numprocesses=logical --dist=worksteal tests/unit

# Of the tests that try every fault or value, every fifth case is run; with EVERY_CASE=1, as on CI, all are.
# Each process has its own PostgreSQL. One more process than cores, because some tests wait for other processes.
test: $(VENV)/.dev ## lint, types, house rules, all tests, coverage
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@# mypy uses one core. Another one meanwhile compiles the tests, or each process of pytest would do so.
	$(BIN)/pytest --collect-only --quiet >/dev/null 2>&1 & $(BIN)/mypy src tests $(PROGRAMS); types=$$?; wait; exit $$types
	$(BIN)/lint-imports
	$(if $(EVERY_CASE),,TICKET_EXPORT_TEST_SAMPLE=1) $(BIN)/pytest --numprocesses=$(PROCESSES) --dist=worksteal --cov --cov-report=
	$(BIN)/coverage report --include='*/ticket_export/domain/*,*/ticket_export/application/*' --fail-under=100
	$(BIN)/coverage report --fail-under=95

# A missing program is a failure here, and no outage is shortened.
test-stores: $(VENV)/.dev ## the storage tests on a real object store, with outages of up to 90 s; takes minutes, needs Ceph
	TICKET_EXPORT_TEST_REQUIRE=1 TICKET_EXPORT_TEST_STORES=1 $(BIN)/pytest --timeout=900 -m stores

mutants: $(VENV)/.dev ## all tests of a storage on storages that break one promise each, and a table; takes minutes
	TICKET_EXPORT_TEST_MUTANTS=whole $(BIN)/pytest -s --timeout=0 tests/contract/mutants/test_mutants.py

steady: $(VENV)/.dev ## run the tests that ever failed on a busy machine, 30 times beside eight busy loops; takes hours
	@trap 'kill $$busy' EXIT; trap 'exit 130' INT TERM; \
		for loop in 1 2 3 4 5 6 7 8; do $(BIN)/python -c 'while True: pass' & busy="$$busy $$!"; done; \
		for round in $$(seq $(ROUNDS)); do echo "round $$round"; $(BIN)/pytest -q -m once_flaky || exit 1; done

chaos: $(VENV)/.dev ## kill, stop and pause workers, end connections, restart the database while 200 exports are made; takes minutes
	CHAOS_EXPORTS=200 $(BIN)/pytest --timeout=0 tests/chaos

# A missing program is a failure here.
endings: $(VENV)/.dev ## let 1,000 writers end in every way over every storage: killed, abandoned, cut off; takes minutes
	TICKET_EXPORT_TEST_REQUIRE=1 TICKET_EXPORT_TEST_ENDINGS=1000 $(BIN)/pytest --timeout=0 tests/endings

# A missing program is a failure here.
engines: $(VENV)/.dev ## 200 exports on each job engine while its workers are killed and its broker fails; takes minutes, needs RabbitMQ
	TICKET_EXPORT_TEST_REQUIRE=1 CHAOS_EXPORTS=200 $(BIN)/pytest --timeout=0 tests/engines

rolling: $(VENV)/.dev ## restart a worker every 10 s while 50 exports of 8 s are made; takes minutes
	TICKET_EXPORT_TEST_ROLLING=1 $(BIN)/pytest -s --timeout=0 tests/e2e/test_rolling_restart.py

rights: $(VENV)/.dev ## try 10,000 random rules over rows and columns on each database, and again with Django models; takes hours
	RIGHTS_POLICIES=10000 $(BIN)/pytest --timeout=0 tests/rights

# A missing program is a failure here.
cells: $(VENV)/.dev ## read each cell of 200,000 tickets by each reader of each format, from each database; takes minutes
	TICKET_EXPORT_TEST_REQUIRE=1 CELLS_TICKETS=200000 $(BIN)/pytest --timeout=0 tests/integration/formats

downloads: $(VENV)/.dev ## cut and continue 1,000 downloads from each framework and storage; takes minutes
	CUT_DOWNLOADS=167 $(BIN)/pytest --timeout=0 tests/web/test_cut_downloads.py

bench: $(BENCH)/.bench $(VENV)/.dev ## measure rows/s and peak memory against the alternatives, models of Django, the formats, the storages, what a queued job costs, and the web
	$(BENCH)/bin/python -m benchmarks
	$(BENCH)/bin/python -m benchmarks.django
	$(BENCH)/bin/python -m benchmarks.formats
	$(BENCH)/bin/python -m benchmarks.storage --server-python $(BIN)/python
	$(BENCH)/bin/python -m benchmarks.queue
	$(BENCH)/bin/python -m benchmarks.dead_broker
	$(BENCH)/bin/python -m benchmarks.status_pages
	$(BENCH)/bin/python -m benchmarks.click_to_file

docs: $(VENV)/.dev ## build the documentation site in build/docs; a warning is an error
	$(BIN)/python -m sphinx --builder html --fresh-env --nitpicky --fail-on-warning --keep-going --doctree-dir build/doctrees docs build/docs

# Resolved on the lowest Python, so that no pin shuts it out.
constraints: ## pin constraints.txt anew; run it as: make constraints PYTHON=python3.11
	@$(PYTHON) -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != "$(LOWEST)")' \
		|| { echo "constraints are made with Python $(LOWEST): make constraints PYTHON=python$(LOWEST)" >&2; exit 1; }
	@fresh=$$(mktemp -d) && trap 'rm -rf "$$fresh"' EXIT && \
		$(PYTHON) -m venv "$$fresh" && \
		"$$fresh/bin/pip" install --quiet --editable '.[dev,bench]' && \
		{ echo '# Every package that development and all extras use. Made by `make constraints`; do not edit.' && \
		  "$$fresh/bin/pip" freeze --exclude-editable; } > constraints.txt.new && \
		mv constraints.txt.new constraints.txt

clean: ## remove the environment and everything that was built or measured
	rm -rf $(VENV) $(BENCH) build dist .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "ticket-export needs Python $(LOWEST) or newer; $(PYTHON) is not. Name one: make PYTHON=python3.12 …" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The stamps add to one environment: the demo needs no more than a user does, the tests add their tools.
$(VENV)/.run: pyproject.toml constraints.txt | $(VENV)/bin/pip
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.web: $(VENV)/.run
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[flask]'
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

$(BENCH)/.bench: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/pip install --quiet --constraint constraints.txt --editable '.[bench]'
	@touch $@
