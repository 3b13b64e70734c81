# The house's commands. `make` alone lists them.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:
.DELETE_ON_ERROR:

# A login shell is not required: rustup's default place is looked at too.
export PATH := $(PATH):$(HOME)/.cargo/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export CARGO_TERM_COLOR ?= auto
# The tests start hundreds of processes; without kept bytecode each would compile the house again.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?=
# More than the cores: the tests of sessions wait most of their time.
PYTEST_JOBS ?= 6
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp

RUST_SOURCES := $(shell find crates -name '*.rs' -o -name Cargo.toml -o -name '*.sql' 2>/dev/null)
BUILD_INPUTS := $(RUST_SOURCES) $(wildcard proto/py_rt/v1/*.proto) Cargo.toml \
	.cargo/config.toml $(wildcard Cargo.lock) pyproject.toml

# Reuses what the wheel was built from (docs/decisions/005-one-build.md).
LIKE_WHEEL := sh tools/like_wheel.sh

# Crates that decide: no heavy dependency, tested in the dev profile with every assertion on.
DECIDING := types venues kernel quant strategies sim
PURE := $(foreach c,$(DECIDING),$(if $(wildcard crates/$(c)/Cargo.toml),-p py-rt-$(c))) \
	-p py-rt-fuzz
# Crates that do: tested in the release profile, on the dependencies the wheel was built from.
DOING := $(foreach c,paper live faults serve,$(if $(wildcard crates/$(c)/Cargo.toml),-p py-rt-$(c)))
# Tests in which no clock, socket or thread decides: what passed once on the same sources and data
# passes again, and is not run again. RETEST=1 runs it.
PROVEN_BY := $(BUILD_INPUTS) Makefile \
	$(shell find fuzz ../shared -type f -not -name '* *' 2>/dev/null)
SEEDS := no_seed_breaks_a_rule the_failures_of_the_past_stay_mended a_seed_is_the_same_twice \
	a_plan_without_faults_is_quiet

.PHONY: help
help: ## list the commands
	@echo "py_rt: the commands of this repository"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name text; do \
		printf '  make %-12s %s\n' "$$name" "$$text"; done

# ------------------------------------------------------------------------- environment and build

.PHONY: preflight venv dev build
preflight: ## check for Python, Rust and a C compiler; name the remedy for what is missing
	@PYTHON="$(PYTHON)" sh tools/preflight.sh

$(STAMP)/venv:
	@PYTHON="$(PYTHON)" sh tools/preflight.sh
	@echo "==> making $(VENV)"
	@"$$(PYTHON="$(PYTHON)" sh tools/preflight.sh python)" -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade pip
	@mkdir -p $(STAMP) && touch $@

$(STAMP)/builder: $(STAMP)/venv tools/build-requirements.txt
	@echo "==> installing the wheel builder"
	@$(BIN)/python -m pip install --quiet -r tools/build-requirements.txt
	@touch $@

$(STAMP)/dev: $(STAMP)/venv tools/dev-requirements.txt
	@echo "==> installing the test tools"
	@$(BIN)/python -m pip install --quiet -r tools/dev-requirements.txt
	@touch $@

$(STAMP)/build: $(STAMP)/builder $(BUILD_INPUTS)
	@echo "==> building the Rust core and installing py-rt into $(VENV)"
	@echo "    (the first build compiles everything: some minutes on 2 cores; later ones, seconds)"
	@VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(BIN)/maturin develop --release
	@touch $@

venv: $(STAMP)/venv ## make .venv (pip is upgraded inside it only)
dev: $(STAMP)/dev ## install the test tools into .venv
build: $(STAMP)/build ## build the Rust core, install py-rt into .venv (editable)

# ------------------------------------------------------------------------- the two commands

.PHONY: demo test
demo: preflight $(STAMP)/build ## build, then backtest, trade on paper, kill, recover and replay
	@echo "==> running the demo (results land in demo-out/)"
	@$(BIN)/py-rt demo

test: lint rust-test pytest sdk-if-made ## everything that must hold: Rust, Python, house, docs

# ------------------------------------------------------------------------- parts of the test

.PHONY: check lint rust-lint python-lint rust-test rust-test-pure pytest fmt sdk-if-made
rust-lint: $(STAMP)/build
	@echo "==> rustfmt"
	@cargo fmt --all --check
	@echo "==> clippy: warnings are errors"
	@$(LIKE_WHEEL) cargo clippy --quiet --release --workspace --all-targets -- -D warnings

python-lint: $(STAMP)/build $(STAMP)/dev
	@echo "==> ruff"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@echo "==> mypy: strict"
	@$(BIN)/mypy --no-error-summary
	@echo "==> stubs equal the built module"
	@MYPYPATH=python $(BIN)/python -m mypy.stubtest py_rt._core
	@echo "==> arrows between the Python rooms"
	@$(BIN)/lint-imports

lint: python-lint rust-lint ## format, clippy, ruff, mypy strict, stubs, import arrows

$(STAMP)/decided: $(PROVEN_BY)
	@echo "==> Rust tests of the crates that decide (assertions and overflow checks on)"
	@cargo test --quiet $(PURE)
	@mkdir -p $(STAMP) && touch $@

$(STAMP)/seeds: $(PROVEN_BY) | $(STAMP)/build
	@echo "==> seeds of fault simulation (on the wheel's own build)"
	@$(LIKE_WHEEL) cargo test --quiet --release -p py-rt-python $(DOING) --test seeds
	@touch $@

ifdef RETEST
.PHONY: $(STAMP)/decided $(STAMP)/seeds
endif

rust-test-pure: $(STAMP)/decided
	@echo "==> the crates that decide passed on these sources (RETEST=1 runs their tests again)"

rust-test: $(STAMP)/build rust-test-pure $(STAMP)/seeds ## the Rust tests
	@echo "==> the seeds of fault simulation passed on these sources"
	@echo "==> Rust tests of the crates that do (on the wheel's own build)"
	@$(LIKE_WHEEL) cargo test --quiet --release -p py-rt-python $(DOING) -- \
		$(foreach name,$(SEEDS),--skip $(name))

pytest: $(STAMP)/build $(STAMP)/dev ## the Python tests
	@echo "==> pytest"
	@$(BIN)/python -m pytest -n $(PYTEST_JOBS) --dist worksteal -m "not peers"

sdk-if-made: $(STAMP)/build
	@PY_RT="$(CURDIR)/$(BIN)/py-rt" sh tools/sdk_suites.sh

check: python-lint rust-test-pure ## the fast subset: Python lint, kernel tests, fast Python tests
	@cargo fmt --all --check
	@$(BIN)/python -m pytest -q -n $(PYTEST_JOBS) --dist worksteal \
		-m "not peers and not slow and not system"

fmt: $(STAMP)/dev ## format Rust and Python in place
	@cargo fmt --all
	@$(BIN)/ruff check --quiet --fix . || true
	@$(BIN)/ruff format --quiet .

# ------------------------------------------------------------------------- beside the road

.PHONY: sim sim-mutations
sim: $(STAMP)/build ## fault simulation: 5,000 seeds (SEEDS=1000000 FROM=1 for a release)
	@$(BIN)/py-rt sim-faults --seeds $(or $(SEEDS),5000) --from $(or $(FROM),1)

sim-mutations: ## plant bugs one by one; fault simulation must notice each (about an hour)
	@"$$(PYTHON="$(PYTHON)" sh tools/preflight.sh python)" tools/sim_mutations.py --table

.PHONY: chaos
chaos: $(STAMP)/build $(STAMP)/dev ## kill -9, frozen processes, bad disks and networks (KILLS=200)
	@PYTHONPATH=tests $(BIN)/python -m system.chaos --kills $(or $(KILLS),200) --seed $(or $(SEED),1)

.PHONY: overload
overload: $(STAMP)/build $(STAMP)/dev ## too much market for a session that trades (SECONDS=60)
	@PYTHONPATH=tests $(BIN)/python -m system.overload --seconds $(or $(SECONDS),60) \
		--times $(or $(TIMES),10) --rate $(or $(RATE),5000)

.PHONY: fuzz
fuzz: ## bytes that nobody meant against every decoder (FUZZ_INPUTS=300000)
	@FUZZ_INPUTS=$(or $(FUZZ_INPUTS),100000) FUZZ_SEED=$(or $(FUZZ_SEED),1) \
		cargo test --quiet -p py-rt-fuzz

.PHONY: soak-matching
soak-matching: ## the matching engine against its naive twin (COMMANDS=100000000 random ones)
	@COMMANDS=$(or $(COMMANDS),100000000) \
		cargo test --release -p py-rt-sim --test matching_twin -- a_million --nocapture

.PHONY: test-sdk bench bench-growth bench-journal bench-peers bench-quant bench-instructions wheel
.PHONY: clean
# One environment a family of SDKs: they do not agree on their dependencies, nor on their names.
SDKS := alpaca ccxt binance
SDK_STAMPS := $(foreach sdk,$(SDKS),.venv-sdk-$(sdk)/.stamp)

$(SDK_STAMPS): .venv-sdk-%/.stamp: tools/sdk-%-requirements.txt
	@echo "==> making .venv-sdk-$* with an unmodified SDK"
	@"$$(PYTHON="$(PYTHON)" sh tools/preflight.sh python)" -m venv .venv-sdk-$*
	@.venv-sdk-$*/bin/python -m pip install --quiet --upgrade pip
	@.venv-sdk-$*/bin/python -m pip install --quiet -r $<
	@touch $@

test-sdk: $(STAMP)/build $(SDK_STAMPS) ## alpaca-py, ccxt and python-binance against `py-rt venue`
	@PY_RT="$(CURDIR)/$(BIN)/py-rt" sh tools/sdk_suites.sh $(SDKS)

.PHONY: test-clients bench-calls proto-release
test-clients: $(STAMP)/build $(STAMP)/dev ## the Go and C++ examples against `py-rt serve`
	@$(BIN)/python tools/test_clients.py

bench-calls: $(STAMP)/build $(STAMP)/dev ## what a call costs, in process and over gRPC
	@$(BIN)/python benches/calls.py --plot docs/images/calls.svg

proto-release: $(STAMP)/dev ## the interface as released: later ones may not break it
	@$(BIN)/buf build proto --exclude-source-info -o proto/released.binpb

bench: $(STAMP)/build $(STAMP)/dev ## measure; rows land in bench-out/results.json
	@$(BIN)/python benches/run.py

bench-instructions: $(STAMP)/build ## count the engine's instructions a row; gate
	@$(BIN)/python benches/instructions.py

bench-growth: $(STAMP)/build ## time and memory of runs of 10^5 to 10^8 rows; 5 GB of disk
	@$(BIN)/python benches/growth.py --plot docs/images/growth.svg

bench-journal: ## what the journal costs: records a second, a strict commit, a day's recovery
	@$(LIKE_WHEEL) cargo bench --quiet -p py-rt-live --bench journal

bench-peers: $(STAMP)/build $(STAMP)/dev ## install the peers apart, then measure
	@$(BIN)/python benches/peers.py install
	@$(BIN)/python benches/run.py

bench-quant: $(STAMP)/build $(STAMP)/dev ## measure the statistics beside their peers
	@$(BIN)/python benches/peers.py install quant
	@for rows in benches/quant_*.py; do $(BIN)/python $$rows || exit 1; done

wheel: $(STAMP)/build ## the wheel for other machines, in dist/
	@VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(BIN)/maturin build --release --out dist

clean: ## remove what was built (.venv, target, caches, outputs)
	rm -rf $(VENV) .venv-sdk-* .venv-peers target demo-out bench-out dist
	rm -rf .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -f python/py_rt/_core*.so
