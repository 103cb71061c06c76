# The commands of development; README.md explains them.
PYTHON ?= python3
RUN = .venv/bin/python
OUTPUT ?= dist
REFERENCE ?= cpython-3.13.5

.PHONY: test lint unit distribution test-regression environment

# Everything: checks, unit tests, one real build, and that build used in every way.
test: lint unit distribution

environment:
	@$(PYTHON) scripts/environment.py

lint: environment
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

unit: environment
	$(RUN) -m pytest -n 2 tests/unit tests/golden tests/binaries

distribution: environment
	archive=$$(./build-linux.py --python $(REFERENCE) --output $(OUTPUT) | tail -n 1) && \
	./setup-local validate "$$archive" && \
	$(RUN) -m pytest tests/integration --archive "$$archive"

# All of CPython's own regression tests.
test-regression: environment
	archive=$$(./build-linux.py --python $(REFERENCE) --output $(OUTPUT) | tail -n 1) && \
	$(RUN) -m pytest tests/integration/test_regression.py --regression=all --archive "$$archive"
