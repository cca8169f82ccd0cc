# make demo, make test, make docs, make lint, make clean: they work in a fresh clone.

PYTHON ?= python3
PYTEST_FLAGS ?= -n 2 --dist loadfile --no-loadscope-reorder

# The many processes that tests start find byte code of what an earlier one has imported.
unexport PYTHONDONTWRITEBYTECODE

# Each of the test processes has a core for itself: threads of its own would only get in the way.
ONE_THREAD := OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1

VENV := .venv
BIN := $(VENV)/bin
# The build of an editable install warns about folders named like the package: not for the user.
PIP_INSTALL := PYTHONWARNINGS=ignore $(BIN)/python -m pip install -qq \
	--disable-pip-version-check -c constraints.txt
DEMO_STAMP := $(VENV)/.installed-demo
DEV_STAMP := $(VENV)/.installed-dev
LINK_TREE := .mypy_link

.DEFAULT_GOAL := help
.PHONY: help demo docs test test-all lint format clean

help:
	@echo "make demo    install into $(VENV), compare networks with baselines on real data, write report.html"
	@echo "make test    install into $(VENV), check style and types, run all tests"
	@echo "make test-all   the same with tests that do not fit into twenty minutes"
	@echo "make docs    build the guide into build/docs; a warning is an error"
	@echo "make lint    style and types only"
	@echo "make format  let ruff format the code and fix what it can"
	@echo "make clean   remove $(VENV), caches and what the commands wrote"

demo: $(DEMO_STAMP)
	@$(BIN)/forecast demo --report report.html

test: lint
	$(ONE_THREAD) $(BIN)/python -m pytest -m "not long" $(PYTEST_FLAGS)

test-all: lint
	$(ONE_THREAD) $(BIN)/python -m pytest --hypothesis-profile=thorough $(PYTEST_FLAGS)

docs: $(DEV_STAMP)
	$(ONE_THREAD) $(BIN)/python -m sphinx -q -E -W --keep-going -b html docs build/docs
	@echo "build/docs/index.html"

# mypy reads neither the import hook of an editable install nor the package-dir mapping behind it,
# so it would not find forecast.pipelines. A tree of links that looks like the installed package is
# always up to date and costs nothing, unlike an installed copy.
lint: $(DEV_STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check --quiet
	@rm -rf $(LINK_TREE) && mkdir -p $(LINK_TREE)/forecast
	@ln -s $(addprefix ../../,$(filter-out %/__pycache__,$(wildcard forecast/*)) pipelines) $(LINK_TREE)/forecast
	cd $(LINK_TREE) && ../$(BIN)/mypy --config-file ../pyproject.toml --cache-dir ../.mypy_cache -n 2 -p forecast

format: $(DEV_STAMP)
	$(BIN)/ruff check --fix --quiet || true
	$(BIN)/ruff format

clean:
	rm -rf docs/generated docs/reference
	rm -rf $(VENV) $(LINK_TREE) .mypy_cache .pytest_cache .ruff_cache .hypothesis build *.egg-info report.html
	find forecast pipelines tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	    { echo "keras-forecast needs Python 3.11, 3.12 or 3.13 (TensorFlow has no wheels for others)," \
	           "$(PYTHON) is $$($(PYTHON) --version 2>&1); name another: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

# A stamp is younger than what decides the installation: the second time costs nothing.
$(DEMO_STAMP): pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing into $(VENV), once; TensorFlow is large, so this takes a few minutes ..."
	@$(PIP_INSTALL) -e '.[plot,report,parquet]'
	@touch $@

$(DEV_STAMP): pyproject.toml constraints.txt | $(BIN)/python
# Without byte code: Python compiles what is used of it, at first use.
	@echo "Installing into $(VENV) with the tools of development, once ..."
	@$(PIP_INSTALL) --no-compile -e '.[dev]'
	@touch $@ $(DEMO_STAMP)
