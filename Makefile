# Everything a person or a machine does with this repository. `make` alone lists it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

PORT ?= 8000
RUN ?=
ARGS ?=

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(READY) ## A shop under traffic, with real Prometheus and Alertmanager beside it, until Ctrl-C
	@scripts/ensure-packages prometheus prometheus-alertmanager
	@exec $(BIN)/python -m examples.stage.demo --port $(PORT) $(ARGS)

.PHONY: story
story: $(READY) ## The whole loop without a person, every stage read back; ARGS='--evidence URL --keep'
	@scripts/ensure-packages prometheus prometheus-alertmanager
	@exec $(BIN)/python -m examples.stage.story $(ARGS)

.PHONY: test
test: $(READY) ## Every test, and what was skipped; RUN='tests/slo -k burn' for some of them
	@scripts/ensure-packages $(if $(CI),,--optional) prometheus prometheus-alertmanager victoria-metrics chromium
	@exec $(BIN)/python -m pytest -n 5 --dist loadscope --no-loadscope-reorder -rs --durations=8 $(RUN)

.PHONY: fuzz
fuzz: $(READY) ## The API and the hooks under many made-up requests, on both databases; ARGS='500' for more of each
	PARAPET_FUZZ=$(or $(ARGS),100) $(BIN)/python -m pytest -s tests/web/test_web_fuzz.py

.PHONY: pages
pages: $(READY) ## Every page of the workbench under axe in every form, and all that hands do there with script and without
	@scripts/ensure-packages chromium
	PARAPET_PAGES=all $(BIN)/python -m pytest tests/web/test_browser_access.py tests/web/test_browser_keyboard.py $(ARGS)

.PHONY: faults
faults: $(READY) ## kill -9 at every statement of ingest and every verb, databases lost, full disks, jumping clocks
	PARAPET_FAULTS=all $(BIN)/python -m pytest -n 4 --dist load -vv -rs --durations=8 tests/faults tests/ops/test_ops_any_order.py $(ARGS)

.PHONY: slices
slices: $(READY) ## What promtool judges of slices, and backtest beside it: every slice of every pack and kind, not some
	@scripts/ensure-packages prometheus
	PARAPET_SLICES=all $(BIN)/python -m pytest -rs --durations=8 tests/packs/test_pack_promises.py \
		tests/artifacts/test_slice_kinds_judged.py tests/cli/slo/test_cli_slo_backtest.py tests/sources $(ARGS)

.PHONY: scenarios
scenarios: $(READY) ## Every scenario put through the rules by promtool, at every objective, not some of each kind
	@scripts/ensure-packages prometheus
	PARAPET_SCENARIOS=all $(BIN)/python -m pytest -rs --durations=8 tests/scenarios $(ARGS)

.PHONY: check
check: $(READY) ## Style, types and the arrows between packages
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_architecture.py

.PHONY: bench
bench: $(READY) ## What a request pays for being counted
	$(BIN)/python benchmarks/signals/http.py $(ARGS)

.PHONY: bench-signals
bench-signals: $(READY) ## The same beside the peers, which get environments of their own, and all else that signals cost; ARGS=--markdown writes docs/benchmarks.md
	@$(BIN)/python -m benchmarks.signals.every $(ARGS)

.PHONY: load
load: $(READY) ## A storm of alerts against a server with 100,000 incidents, on both databases; ARGS='--short --markdown'
	@$(BIN)/python -m benchmarks.evidence.load $(ARGS)

.PHONY: drain
drain: $(READY) ## How fast two workers drain 10,000 due rows on Postgres, none twice; ARGS='--rows 1000'
	@$(BIN)/python -m benchmarks.response.drain $(ARGS)

.PHONY: bench-alerts
bench-alerts: $(READY) ## The alerts of Parapet, Sloth and Pyrra in the same scenarios, and what they read; ARGS='errors-10 --json'
	@scripts/ensure-packages prometheus
	@$(BIN)/python benchmarks/alerts/compare.py $(ARGS)

.PHONY: alerts-docs
alerts-docs: $(READY) ## Write what bench-alerts finds into docs/alerts.md, with a picture; ARGS='errors-10' for some scenarios
	@scripts/ensure-packages prometheus
	@$(BIN)/python benchmarks/alerts/compare.py --write $(ARGS)

.PHONY: bench-generate
bench-generate: $(READY) ## How long 10, 100 and 500 slices take to become files
	@$(BIN)/python benchmarks/artifacts/generate.py

.PHONY: screenshots
screenshots: $(READY) ## The pictures of the README, taken from a running shop
	@scripts/ensure-packages prometheus prometheus-alertmanager chromium
	@exec $(BIN)/python scripts/screenshots.py $(ARGS)

.PHONY: gallery
gallery: $(READY) ## Every page of the workbench in every form, into var/gallery; ARGS=--compare tells what looks otherwise
	@scripts/ensure-packages chromium
	@exec $(BIN)/python scripts/gallery.py $(ARGS)

.PHONY: golden
golden: $(READY) ## Rewrite the golden files; read the diff before you commit it
	PARAPET_GOLDEN=rewrite $(BIN)/python -m pytest tests/artifacts -k golden
	@git --no-pager diff --stat -- tests

.PHONY: reference
reference: $(READY) ## Write docs/reference from the code
	@scripts/make-reference

.PHONY: docs
docs: reference ## The documentation as a site in build/site, every link checked
	@$(BIN)/python -m mkdocs build --strict --quiet
	@echo "build/site/index.html"

.PHONY: dist
dist: $(READY) ## Wheel and sdist in dist/, checked, with their size and what importing costs
	@$(BIN)/python scripts/distribute.py $(ARGS)

.PHONY: quickstart
quickstart: $(READY) ## The quickstart as a newcomer follows it: the wheel in an empty environment, until a real alert
	@scripts/ensure-packages prometheus prometheus-alertmanager
	PARAPET_QUICKSTART=all $(BIN)/python -m pytest tests/docs/test_quickstart.py

.PHONY: slo-docs
slo-docs: $(READY) ## Run every command of docs/slo-commands.md again, and write what it prints
	@scripts/ensure-packages prometheus
	@$(BIN)/python scripts/slo_commands.py $(ARGS)

.PHONY: constraints
constraints: ## Newest versions of everything, written to constraints.txt
	@scripts/pin-versions $(PYTHON) constraints.txt

.PHONY: clean
clean: ## Remove the environment, caches and what demos left behind
	rm -rf $(VENV) var build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml constraints.txt scripts/make-venv
	@scripts/make-venv $(PYTHON) $(VENV)
	@touch $@
