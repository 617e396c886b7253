# Thin names over the real commands. `make demo` and `make test` set everything up themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := pyproject.toml CMakeLists.txt $(shell find core bindings -name '*.[ch]pp')

# The requirements of some extras: installed by themselves, because asking for ".[test]" would build the core once more.
EXTRAS := import sys, tomllib; extras = tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']; \
  print('\n'.join(sorted({need for name in sys.argv[1:] for need in extras[name]})))

.PHONY: demo test bench lint clean fuzz

demo: $(VENV)/.installed
	$(BIN)/thetastar demo

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest -n auto --dist loadfile

bench: $(VENV)/.installed-test
	$(BIN)/thetastar bench

lint: $(VENV)/.installed-test
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
	$(BIN)/clang-format --dry-run --Werror $$(find core bindings tests/core benchmarks/workshop -name '*.[ch]pp')

# Longer than CI: this many damaged files of every form.
fuzz: $(VENV)/.installed-test
	$(BIN)/python -m fuzz.damage $(or $(MUTANTS),1000)

clean:
	rm -rf $(VENV) build

# The stamps are made again when the core or the settings change; Python sources are used where they lie.
$(VENV)/.installed: $(SOURCES)
	@test -x $(BIN)/python || { $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "thetastar needs Python 3.11 or newer; point to one with: make PYTHON=/path/to/python3" >&2; exit 2; }; \
	  $(PYTHON) -m venv $(VENV); }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check ziglang
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(BIN)/python -c "$(EXTRAS)" test lint > $(VENV)/extras.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement $(VENV)/extras.txt
	@touch $@
