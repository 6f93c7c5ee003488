# The README's commands, and those that take long. Everything runs in .venv, which `make .venv` makes.

PYTHON ?= python3
SECONDS ?= 600

.PHONY: test test-fast slow lint fuzz bench docs

.venv:
	$(PYTHON) -m venv .venv
	.venv/bin/pip install -q -e '.[test]'

test: .venv
	sh scripts/debian-packages.sh
	.venv/bin/python -m pytest -q -n 4

# Without what takes over a second of processor time (tests/slow.txt).
test-fast: .venv
	.venv/bin/python -m pytest -q -n 4 -m "not slow"

# Measure every test and write tests/slow.txt.
slow: .venv
	rm -f test-times.txt
	TEST_TIMES=$$PWD/test-times.txt .venv/bin/python -m pytest -q -n 2
	.venv/bin/python scripts/slow_tests.py test-times.txt && rm test-times.txt

lint: .venv
	.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports
	.venv/bin/python scripts/docs.py --check

# Random streams against brute force until the time is over; a find is a line for tests/redact/corpus.json.
fuzz: .venv
	.venv/bin/python tests/redact/long_fuzz.py $(SECONDS) $$(date +%s)

# Ratios for this machine; with `WRITE=--write` they replace the table in the README.
bench: .venv
	.venv/bin/python benchmarks/report.py $(WRITE)

docs: .venv
	.venv/bin/python scripts/completions.py && .venv/bin/python scripts/docs.py
