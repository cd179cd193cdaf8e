# What a developer, CI and a curious user run. Everything is set up by itself; nothing outside .venv is touched,
# but for `tools`, which installs Debian packages when it may (root) and says what is missing when it may not.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SEEDS  ?= 500
RUNS   ?= 10
FAULTS ?= 500
CLUSTERS ?= 4
GARBAGE ?= 1000000
EXAMPLES ?= 5000
SIZE ?=

.DEFAULT_GOAL := help
.PHONY: help demo test check format tools unit sim lab bench bench-docs scale campaign hostile clean

help:
	@echo "make demo      three nodes, a broker and a client in private network namespaces: watch a VIP fail over"
	@echo "make test      everything that must hold: lint, types, walls, unit, simulator, lab on real kernels"
	@echo "make check     the quick part of it: lint, types, walls between the rooms, unit tests"
	@echo "make bench     floatip against keepalived in the lab, as a client sees them (RUNS=$(RUNS) of each fault, 45 min)"
	@echo "make bench-docs  puts what it measured into README.md and docs/performance.md"
	@echo "make scale     what a node needs in large clusters: simulated, and as many real daemons as this machine carries"
	@echo "make hostile   $(GARBAGE) messages of garbage, and $(EXAMPLES) examples of each kind of hostile input"
	@echo "make campaign  many more seeds in the simulator, and $(FAULTS) faults under each policy in the lab"

$(VENV)/.user: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "floatip needs Python 3.11 or later: make PYTHON=/path/to/python3.11"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[embedded]'
	touch $@

$(VENV)/.dev: $(VENV)/.user
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[embedded,dev]'
	touch $@

tools:
	@sh deploy/lab-tools.sh mosquitto keepalived ip arping ping nft sysctl unshare chromium

demo: $(VENV)/.user
	@$(BIN)/floatip demo

test: check sim lab

check: $(VENV)/.dev
	$(BIN)/ruff format --check floatip tests docs
	$(BIN)/ruff check floatip tests docs
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/pytest tests/unit tests/contract tests/test_architecture.py -m 'not lab' -n auto

unit: $(VENV)/.dev
	$(BIN)/pytest tests/unit -m 'not lab'

sim: $(VENV)/.dev
	$(BIN)/pytest tests/sim -n auto --sim-seeds $(SEEDS)

lab: $(VENV)/.dev tools
	$(BIN)/python -m tests.lab

bench: $(VENV)/.dev tools
	$(BIN)/python -m tests.bench --runs $(RUNS) --out build/bench.json --plot build/bench.svg

bench-docs: $(VENV)/.dev
	$(BIN)/python -m tests.bench --from build/bench.json --out docs/performance.json --plot docs/performance.svg --write docs/performance.md README.md

scale: $(VENV)/.dev tools
	$(BIN)/python -m tests.scale $(SIZE:%=--size %)

hostile: $(VENV)/.dev
	FLOATIP_GARBAGE=$(GARBAGE) $(BIN)/pytest tests/unit/hands/test_garbage.py -s --timeout 3600
	FLOATIP_EXAMPLES=$(EXAMPLES) $(BIN)/pytest tests/unit/bus tests/unit/lan tests/unit/config tests/unit/test_control_hostile.py -n auto --timeout 3600

campaign: $(VENV)/.dev tools hostile
	$(BIN)/pytest tests/sim -n auto --sim-seeds 20000
	FLOATIP_STORMS=20 FLOATIP_KILLS=10 $(BIN)/python -m floatip.lab.sandbox -- $(BIN)/pytest tests/lab/test_storms.py tests/lab/test_sentinel_daemon.py -p no:randomly -s
	FLOATIP_MOVES=100 FLOATIP_INTERRUPTIONS=50 $(BIN)/python -m floatip.lab.sandbox -- $(BIN)/pytest tests/lab/test_planned_moves.py tests/lab/test_handover_interrupted.py --timeout 1800 -p no:randomly -s
	$(BIN)/python -m tests.campaign --policy keep --faults $(FAULTS) --clusters $(CLUSTERS) --json build/campaign-keep.json
	$(BIN)/python -m tests.campaign --policy release --faults $(FAULTS) --clusters $(CLUSTERS) --json build/campaign-release.json
	$(BIN)/python -m tests.campaign --policy lan --faults $(FAULTS) --clusters $(CLUSTERS) --json build/campaign-lan.json

format: $(VENV)/.dev
	$(BIN)/ruff format floatip tests docs
	$(BIN)/ruff check --fix floatip tests docs

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
