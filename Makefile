# Everything runs in .venv, which is made once and again when pyproject.toml or constraints.txt change.
#   make demo    grade a simulated class of twelve, from release to feedback, CSV and a report (one to three minutes)
#   make test    all tests (the README's test command)
#   make attacks the attack corpus at every level of confinement that this host has (LEVEL=landlock: at that one)
#   make lint    ruff and mypy
#   make fuzz    coverage-guided fuzzing of what reads frames and notebooks, MINUTES=10 each; Ctrl-C ends it
#   make statistics  every random check, simulated; writes the tables of docs/statistics.md (3 minutes)
#   make docs    the site, in docs/_build; a warning is an error
#   make bench   speed and memory against stock nbgrader and ipykernel, a thousand submissions, a cluster, in one run, which
#                takes long; `.venv/bin/python tools/bench.py --only guest memory` runs some figures alone

PYTHON ?= python3
MINUTES ?= 10
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test attacks fuzz lint docs statistics bench release clean

demo: .venv/instructor.stamp
	$(BIN)/autograder demo

# One thread: the tensors are small, and torch's threads wait for each other in a loop when other processes need the core.
test: export OMP_NUM_THREADS := 1
test: .venv/dev.stamp
	$(BIN)/python -m pytest -m "not alone" --numprocesses 2 --dist loadfile --no-loadscope-reorder
	$(BIN)/python -m pytest -m alone

attacks: export OMP_NUM_THREADS := 1
attacks: .venv/dev.stamp
	$(BIN)/python -m tests.attacks $(if $(LEVEL),--level $(LEVEL))

fuzz: .venv/dev.stamp
	$(BIN)/python -m tests.fuzz run --minutes $(MINUTES)

lint: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: .venv/dev.stamp
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet docs docs/_build

statistics: .venv/dev.stamp
	$(BIN)/python tools/statistics_bench.py

bench: .venv/dev.stamp
	$(BIN)/python tools/bench.py

release: .venv/instructor.stamp
	$(BIN)/autograder release tp1
	$(BIN)/autograder release tp2

.venv/instructor.stamp: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[instructor]'
	touch $@

.venv/dev.stamp: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@ .venv/instructor.stamp

clean:
	rm -rf .venv demo-course
