# Thin names over the real commands. `make demo` and `make test` set everything up themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := pyproject.toml CMakeLists.txt $(shell find core bindings -name '*.[ch]pp')

# The requirements of some extras: installed by themselves, because asking for ".[test]" would build the core once more.
EXTRAS := import sys, tomllib; extras = tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']; \
  print('\n'.join(sorted({need for name in sys.argv[1:] for need in extras[name]})))

.PHONY: demo test bench lint clean fuzz soak sanitize audit coverage

demo: $(VENV)/.installed
	$(BIN)/thetastar demo

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest -n auto --dist loadfile

bench: $(VENV)/.installed-test
	$(BIN)/thetastar bench

lint: $(VENV)/.installed-test
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
	$(BIN)/clang-format --dry-run --Werror $$(find core bindings tests/core benchmarks/workshop -name '*.[ch]pp')

# Longer than CI, each for as long as one likes (docs/reference/reliability.md).
# Files of every form, damaged at random and then along what their readers do.
fuzz: $(VENV)/.installed-test
	$(BIN)/python -m fuzz.damage $(or $(MUTANTS),1000)
	$(BIN)/python -m fuzz.guided --minutes $(or $(MINUTES),30)

# Random studies: killed, damaged, with little memory, few threads, small disks.
soak: $(VENV)/.installed-test
	$(BIN)/python -m soak $(or $(MINUTES),120) $(SEED)

# The tests of what is computed, with the module and its bindings under the address and undefined sanitizers, at every level
# that the processor has, and with vectors of 64 bytes in any case.
sanitize: $(VENV)/.installed-test
	$(BIN)/python -m tests.core.sanitized every build/sanitized pytest -q -p no:cacheprovider $(or $(TESTS),tests/numerics)

# Which branches of the core its tests take.
coverage: $(VENV)/.installed-test
	$(BIN)/python -m tests.core.coverage build/coverage

# Licences of what is installed, known advisories, and the tests with the oldest versions that are allowed.
audit: $(VENV)/.installed-test
	$(BIN)/python -m supply

clean:
	rm -rf $(VENV) build

# The stamps are made again when the core or the settings change; Python sources are used where they lie. With
# LOCK=.ci/lock.txt what that file names is installed first, by version and hash.
$(VENV)/.installed: $(SOURCES)
	@test -x $(BIN)/python || { $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "thetastar needs Python 3.11 or newer; point to one with: make PYTHON=/path/to/python3" >&2; exit 2; }; \
	  $(PYTHON) -m venv $(VENV); }
	$(if $(LOCK),$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(LOCK))
	$(BIN)/python -m pip install --quiet --disable-pip-version-check ziglang
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(BIN)/python -c "$(EXTRAS)" test lint > $(VENV)/extras.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement $(VENV)/extras.txt
	@touch $@
