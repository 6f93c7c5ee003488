# The README's commands, and those that take long. Everything runs in .venv, which `make .venv` makes.

PYTHON ?= python3
SECONDS ?= 600
BIN = .venv/bin
ON_CORE = tests/redact --ignore=tests/redact/engine --ignore=tests/redact/forms --ignore=tests/redact/detect \
    --ignore=tests/redact/core tests/end_to_end/test_run.py tests/end_to_end/test_transcripts.py

.PHONY: check core format test test-core test-fast slow coverage constraints clean fuzz fuzz-core bench docs site hunt overmasking

.venv:
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q -e '.[test]'

# Whatever can be seen without running it; a commit hook runs a part of it (`pre-commit install`).
check: .venv
	sh scripts/check.sh

format: .venv
	$(BIN)/ruff check --fix-only -q . && $(BIN)/ruff format -q .

test: .venv
	sh scripts/debian-packages.sh
	$(BIN)/python -m pytest -q -n 4

# Without what takes over a second of processor time (tests/slow.txt).
test-fast: .venv
	$(BIN)/python -m pytest -q -n 4 -m "not slow"

# Measure every test and write tests/slow.txt.
slow: .venv
	rm -f test-times.txt
	TEST_TIMES=$$PWD/test-times.txt $(BIN)/python -m pytest -q -n 2
	$(BIN)/python scripts/slow_tests.py test-times.txt && rm test-times.txt

# Lines and branches, those of the processes that the tests start among them; below the floor of pyproject.toml it fails.
coverage: .venv
	rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest -q -n 4
	$(BIN)/coverage combine -q && $(BIN)/coverage report --skip-covered

# The versions that CI installs, renewed: the newest of everything, in an environment of their own.
constraints:
	$(PYTHON) -m venv --clear build/constraints
	build/constraints/bin/pip install -q '.[test]'
	{ echo '# The versions that CI installs; made by: make constraints'; \
	  build/constraints/bin/pip freeze --exclude secretrun; } > constraints.txt

# The compiled core, beside its loader in this tree: what an editable install then runs (docs/core.md).
core: .venv
	$(BIN)/python scripts/core.py

# What the core may answer otherwise than the Python engine: ten thousand streams through both, masking, whole runs.
# TEST_BODY fails where the core doesn't run.
test-core: core
	cd core && cargo test --locked --offline -q
	TEST_BODY=core $(BIN)/python -m pytest -q -n 4 tests/redact/core tests/test_core_wheel.py
	TEST_BODY=core $(BIN)/python -m pytest -q -n 4 -m "not slow" $(ON_CORE)

clean:
	rm -rf .venv build dist core/target secretrun/redact/core/secretrun_core.abi3.so .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Random streams against brute force until the time is over; a find is a line for tests/redact/corpus.json.
fuzz: .venv
	$(BIN)/python tests/redact/long_fuzz.py $(SECONDS) $$(date +%s)

# The same of the compiled core alone: mutated streams, overflow checks on; FILES are mutated too.
fuzz-core:
	cargo run -q --manifest-path core/Cargo.toml --locked --offline --profile fuzz --no-default-features --example fuzz -- \
	  $(SECONDS) $$(date +%s) README.md CHANGELOG.md tests/redact/corpus.json $(FILES)

# Ratios for this machine; with `WRITE=--write` they replace the table in the README.
bench: .venv
	$(BIN)/python benchmarks/report.py $(WRITE)

# What is made from data: completions, the reference, the schema and the manual page.
docs: .venv
	$(BIN)/python scripts/completions.py && $(BIN)/python scripts/docs.py

# The pages as a site in build/site; every warning is an error.
site: .venv
	$(BIN)/python -m sphinx -q -W --keep-going -c docs . build/site

# Real programs print secrets of real shapes, and what is left of them is looked for in every reading: half an hour.
hunt: .venv
	sh scripts/debian-packages.sh
	$(BIN)/python tests/hunt $(HUNT)

# The standard library, manual pages and documentation, masked for 1, 12 and 96 secrets, have to stay what they are.
overmasking: .venv
	$(BIN)/python tests/redact/overmasking.py $(PATHS)
