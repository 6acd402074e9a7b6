# Every target sets itself up first; a set-up that is there costs nothing. `make help` lists them.
.DEFAULT_GOAL := help
PY := .venv/bin/python
IMAGE ?= tfwm:latest
VARIANT ?= cpu
LOGDIR ?= runs
export TF_CPP_MIN_LOG_LEVEL ?= 3
# Compiled modules are kept, in .cache, whatever the surroundings say: TensorFlow's 5,000 take each process seconds anew.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX ?= $(CURDIR)/.cache/bytecode
# Two processes, a test file at a time: what a file has trained once is trained once. `-n 0` in ARGS takes one process.
PYTEST := $(PY) -m pytest -q -n 2 --dist loadfile

.PHONY: help setup demo demo-classifier test test-fast test-slow lint format bench tensorboard constraints docker-image clean clean-all

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

setup: ## make .venv and install everything pinned (PYTHON=/path, EXTRA=gpu); a second call does nothing
	@sh scripts/bootstrap $(if $(EXTRA),--extra $(EXTRA))

demo: setup ## the main job on real photographs (DATA=folder, SEED=number, ARGS="...")
	@$(PY) -m pipelines.demo $(if $(DATA),--data "$(DATA)") $(if $(SEED),--seed $(SEED)) $(ARGS)

demo-classifier: setup ## the same for a classifier, on handwritten digits (DATA=folder or npz, SEED=number, ARGS="...")
	@$(PY) -m pipelines.demo --kind classification $(if $(DATA),--data "$(DATA)") $(if $(SEED),--seed $(SEED)) $(ARGS)

test: setup ## the tests, without the slow ones, and the ten that took longest (ARGS="-k name")
	@$(PYTEST) -m "not slow" --durations=10 tests $(ARGS)

test-fast: setup ## the tests that train nothing: a minute and a half on two cores
	@$(PYTEST) -m "not slow and not trains" tests $(ARGS)

test-slow: setup ## the slow tests: a kill in both stages, fuzzing, the largest replica case
	@$(PY) -m pytest -q -m slow tests $(ARGS)

lint: setup ## ruff and mypy
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

format: setup ## let ruff mend what it can
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

bench: setup ## speed and memory figures, as JSON and a table
	@$(PY) -m benchmarks $(ARGS)

tensorboard: setup ## losses, image grids and attack rows in the browser (LOGDIR=runs)
	@echo 'TensorBoard selects none of more than 40 runs: type what you look for into its filter, or open'
	@echo 'http://localhost:6006/#images&regexInput=watermark or #text&regexInput=robustness/tensorboard$$'
	@PYTHONWARNINGS=ignore .venv/bin/tensorboard --logdir "$(LOGDIR)" $(ARGS)

constraints: setup ## write constraints.txt and constraints-py311.txt anew from setup.cfg
	@sh scripts/constraints

docker-image: ## build the image that pipeline steps run in (IMAGE=tfwm:latest, VARIANT=cpu or gpu)
	docker build --build-arg "VARIANT=$(VARIANT)" -t "$(IMAGE)" .

clean: ## remove caches and build folders; runs/ and .venv stay
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +

clean-all: clean ## remove .venv and downloaded tools as well
	rm -rf .venv .cache
