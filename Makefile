# One command each. `make help` lists them.
PYTHON ?= .venv/bin/python
BENCH = $(PYTHON) -m benchmarks

.DEFAULT_GOAL := help
.PHONY: help setup check fix lint types docs docs-serve generated test test-all \
	bench bench-codec bench-instructions bench-quick bench-reference

help:  ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | \
		while IFS='|' read -r name what; do printf '  make %-18s %s\n' "$$name" "$$what"; done

setup:  ## make .venv with everything that development needs
	test -x .venv/bin/python || python3 -m venv .venv
	.venv/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	.venv/bin/python -m pip install --quiet --editable . --group dev

check: lint types docs test  ## everything that must pass before a change is merged

fix:  ## format the code and apply the linter's safe fixes
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .

lint:  ## format, lint rules, import rules
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()' --no-cache

types:  ## mypy on the package, mypy and pyright on what users write
	$(PYTHON) -m mypy
	$(PYTHON) -m pytest -q tests/typing

docs:  ## build the documentation into site/; a warning is an error
	NO_MKDOCS_2_WARNING=1 $(PYTHON) -m mkdocs build --strict --quiet
	$(PYTHON) scripts/check_site.py

docs-serve:  ## show the documentation at http://127.0.0.1:8000 while you edit it
	NO_MKDOCS_2_WARNING=1 $(PYTHON) -m mkdocs serve

generated:  ## write the generated pages anew
	$(PYTHON) scripts/settings_page.py
	$(PYTHON) scripts/model_pages.py
	$(PYTHON) scripts/cli_page.py
	$(PYTHON) -m scripts.fault_table

test:  ## the tests: no network, no key
	$(PYTHON) -m pytest -n 4

test-all:  ## the tests on every supported Python that is installed
	$(PYTHON) -m nox --session tests

bench:  ## benchmarks beside other packages (pip install --group bench)
	$(BENCH) --json benchmarks/results/latest.json --plot benchmarks/results/latest.png

bench-quick:  ## the same with fewer rounds
	$(BENCH) --quick

bench-reference:  ## the figures of docs/performance.md
	$(BENCH) --json benchmarks/results/reference.json --plot docs/images/performance.png

bench-codec:  ## the codec piece by piece
	$(PYTHON) -m pytest benchmarks/codec --benchmark-disable-gc --benchmark-warmup=on \
		--benchmark-sort=name --benchmark-time-unit=us \
		--benchmark-columns=median,iqr,min,rounds

bench-instructions:  ## instructions per call and chunk (needs valgrind)
	$(PYTHON) -m benchmarks.instructions --json benchmarks/results/instructions.json
